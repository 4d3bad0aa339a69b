import { parseRunPayload, partitionColumnsSchema } from '../src/index.ts';

describe('columns of a partition', () => {
  it.each([
    ['images,magnitudes', ['images', 'magnitudes']],
    [' images, magnitudes ,-,id', ['images', 'magnitudes', '-', 'id']],
    [
      ['-', 'id', '-', 'images'],
      ['-', 'id', '-', 'images'],
    ],
  ])('may be %j', (given, expected) => {
    expect(partitionColumnsSchema.parse(given)).toEqual(expected);
    expect(parseRunPayload({ bucket: 'galaxies', columns: given }).payload.columns).toEqual(expected);
  });

  it.each([[''], ['magnitudes,redshift'], ['images,images'], ['images,mags'], [[1]], [7], [{}]])(
    'may not be %j',
    (given) => {
      expect(() => parseRunPayload({ bucket: 'galaxies', columns: given })).toThrow(
        /images, magnitudes, redshift, id in the order/,
      );
    },
  );

  it('are none unless they are given', () => {
    expect('columns' in parseRunPayload({ bucket: 'galaxies' }).payload).toBe(false);
  });
});
