import {
  answerColumns,
  ASTROMAE,
  imagePixels,
  imageShape,
  modelSpecSchema,
  parseAs,
  specFields,
  specIn,
  type SpecFields,
} from '../src/index.ts';

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

describe('a spec that is written', () => {
  const IMAGE = { bands: ['g', 'r', 'i'], side: 8 };
  const problems = (image: object, more: object = {}) => {
    const parsed = modelSpecSchema.safeParse({ inputs: { image: { ...IMAGE, ...image } }, ...more });
    return parsed.success ? undefined : parsed.error.issues.map(({ message }) => message).join('; ');
  };

  it('holds what is other than by default, and nothing else', () => {
    const of = (image: object) => modelSpecSchema.parse({ inputs: { image: { ...IMAGE, ...image } } }).image;
    expect(of({ fit: 'crop', layout: 'NCHW', scaling: 'none' })).toEqual(IMAGE);
    const scaling = [{ asinh: [0.1, 0.2, 0.3] }, { clip: [0, 1] }, { divide: 255 }];
    expect(of({ fit: 'resize', layout: 'NHWC', scaling })).toEqual({
      ...IMAGE,
      fit: 'resize',
      layout: 'NHWC',
      scaling,
    });
  });

  it.each([
    [{ scaling: [{ subtract: [1, 2] }] }, 'as many numbers in subtract as there are bands (3)'],
    [{ scaling: [{ divide: 0 }] }, 'a number other than 0'],
    [{ scaling: [{ divide: 1e-60 }] }, 'a number other than 0'],
    [{ scaling: [{ asinh: -1 }] }, 'a number above 0'],
    [{ scaling: [{ clip: [1, 0] }] }, 'the smaller one first'],
    [{ scaling: [{ log: 1 }] }, 'one of {subtract: x}'],
    [{ scaling: 'zscore' }, 'none, or a list'],
    [{ fit: 'pad' }, 'crop (the centre of larger images) or resize'],
    [{ layout: 'CHW' }, 'NHWC'],
  ])('is refused with %j', (image, message) => {
    expect(problems(image)).toContain(message);
  });

  const value = (name: string) => ({ name, kind: 'value' });
  const classes = (name: string) => ({ name, kind: 'classes', labels: ['a', 'b'] });

  it('may have several outputs, of which the first of a kind has the usual columns', () => {
    const { outputs } = modelSpecSchema.parse({
      inputs: { image: IMAGE },
      outputs: [
        ...[classes('type'), value('z'), value('mass'), classes('bar'), { name: 'w', kind: 'vector', length: 3 }],
        { name: 'age', kind: 'value+sigma' },
        { name: 'sfr', kind: 'density', grid: [0, 1, 2] },
      ],
    });
    const { redshift, beside } = answerColumns(outputs!);
    expect(redshift).toBe(true);
    expect(beside.map(({ name }) => name)).toEqual([
      ...['class', 'p_a', 'p_b', 'mass', 'bar', 'bar_p_a', 'bar_p_b', 'age', 'age_sigma', 'sfr', 'sfr_sigma'],
      ...['vector', 'sfr_density'],
    ]);
  });

  it.each([
    [[], 'at least one output'],
    [[value('z'), value('z')], 'each output of the model once (z is there twice)'],
    [[value('z'), value('flags')], 'the column flags of the predictions twice'],
    [[classes('a'), value('z'), value('class')], 'the column class of the predictions twice'],
    [[value('z'), value('mag')], 'the column mag, which is one of the features'],
    [Array.from({ length: 17 }, (_, at) => value(`z${at}`)), 'at most 16 outputs'],
    [
      Array.from({ length: 3 }, (_, at) => ({ name: `v${at}`, kind: 'vector', length: 4096 })),
      'at most 8192 numbers together',
    ],
  ])('is refused with the outputs %j', (outputs, message) => {
    const spec = { inputs: { image: IMAGE, features: ['mag'] }, outputs };
    expect(() => parseAs(modelSpecSchema, spec, 'the spec')).toThrow(message);
  });

  it('is the same in results and back', () => {
    const image = { ...IMAGE, fit: 'resize', scaling: [{ divide: 255 }] };
    for (const outputs of [undefined, [classes('c')], [value('z'), classes('c')]]) {
      const spec = modelSpecSchema.parse({ inputs: { image, features: ['g'] }, ...(outputs && { outputs }) });
      expect(specIn(JSON.parse(JSON.stringify(specFields(spec))) as SpecFields)).toEqual(spec);
    }
    expect(specFields(ASTROMAE)).toEqual({});
    expect(specFields({ ...ASTROMAE, image: { ...ASTROMAE.image, scaling: [{ divide: 2 }] } })).toHaveProperty(
      'sample_spec',
    );
  });
});
