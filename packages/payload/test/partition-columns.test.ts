import {
  columnsText,
  describeTaken,
  distinctTaken,
  parseRunPayload,
  partitionColumnsSchema,
  type TakenColumn,
} from '../src/index.ts';

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

  it.each([
    ['image=img, mag_g = g_cmodel_mag', { image: 'img', mag_g: 'g_cmodel_mag' }],
    ['id=a=b', { id: 'a=b' }],
    ['redshift=-', { redshift: '-' }],
    [
      { images: 'a, b', layout: 'NHWC' },
      { images: 'a, b', layout: 'NHWC' },
    ],
  ])('may be %j, by name', (given, expected) => {
    const parsed = partitionColumnsSchema.parse(given);
    expect(parsed).toEqual(expected);
    expect(partitionColumnsSchema.parse(parsed)).toEqual(expected);
    expect(parseRunPayload({ bucket: 'galaxies', columns: given }).payload.columns).toEqual(expected);
    expect(partitionColumnsSchema.parse(columnsText({ id: 'x', image: 'y' }))).toEqual({ id: 'x', image: 'y' });
  });

  it.each([
    [''],
    ['magnitudes,redshift'],
    ['images,images'],
    ['images,mags'],
    [[1]],
    [7],
    [null],
    [{}],
    ['image=a,image=b'],
    ['image=a,images=b'],
    ['image=a,id'],
    ['image='],
    ['=a'],
    [{ image: 7 }],
    [{ image: ['a'] }],
  ])('may not be %j', (given) => {
    expect(() => parseRunPayload({ bucket: 'galaxies', columns: given })).toThrow(
      /images, magnitudes, redshift, id in the order/,
    );
  });

  it('are none unless they are given', () => {
    expect('columns' in parseRunPayload({ bucket: 'galaxies' }).payload).toBe(false);
  });
});

it('what was taken is told once, and in words', () => {
  const taken: TakenColumn[] = [
    { what: 'image', column: 'img', found: 'said', note: 'channels last' },
    { what: 'redshift', column: 'redshift', found: 'name' },
  ];
  expect(distinctTaken([...taken, ...taken])).toEqual(taken);
  expect(describeTaken(taken)).toBe('image = img (channels last), redshift');
});

describe('columns that are kept', () => {
  it.each([
    ['ra, dec', ['ra', 'dec']],
    [['a, b'], ['a, b']],
  ])('may be %j', (given, expected) => {
    expect(parseRunPayload({ bucket: 'galaxies', keep: given }).payload.keep).toEqual(expected);
  });

  it.each([[''], ['ra,'], ['ra,ra'], [[7]], [{}]])('may not be %j', (given) => {
    expect(() => parseRunPayload({ bucket: 'galaxies', keep: given })).toThrow('names of columns, each once: ra,dec');
  });
});
