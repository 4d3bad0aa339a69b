import { ASTROMAE, imagePixels, imageShape } from '../src/index.ts';

describe('ModelSpec', () => {
  it('tells the shape of an image', () => {
    const image = { bands: ['g', 'r', 'i'], side: 64 };
    expect(imageShape(image)).toEqual([3, 64, 64]);
    expect(imagePixels(image)).toBe(3 * 64 * 64);
  });

  it('has of AstroMAE a magnitude for each band, named as predictions have them', () => {
    expect(imageShape(ASTROMAE.image)).toEqual([5, 32, 32]);
    expect(ASTROMAE.features).toEqual(ASTROMAE.image.bands.map((band) => `mag_${band}`));
  });
});
