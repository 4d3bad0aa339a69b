import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { CatalogueError, readCatalogue, simulateSurvey, type ColumnMapping } from '../src/index.ts';

const HEADER = 'ra,z_spec,model_u,model_g,model_r,model_i,model_z,ext_u,ext_g,ext_r,ext_i,ext_z';
const ROW = '122.1,0.082659,18.9110,17.8272,17.1939,16.7555,16.5583,0.2628,0.1933,0.1402,0.1063,0.0754';
const OTHER_ROW = '198.8,0.199231,20.9888,18.8303,17.5194,17.0197,16.6820,0.0900,0.0662,0.0480,0.0364,0.0258';

async function* text(...lines: string[]): AsyncGenerator<string> {
  yield lines.join('\n');
}

describe('readCatalogue', () => {
  it('takes extinction off the magnitudes and leaves other columns alone', async () => {
    const catalogue = await readCatalogue(text(HEADER, ROW, OTHER_ROW), 'two.csv');
    expect(catalogue.rows).toBe(2);
    const { redshift, magnitudes, extinction, radius } = catalogue.photometry(0);
    expect(redshift).toBe(0.082659);
    expect(magnitudes).toEqual([
      18.911 - 0.2628,
      17.8272 - 0.1933,
      17.1939 - 0.1402,
      16.7555 - 0.1063,
      16.5583 - 0.0754,
    ]);
    expect(extinction).toEqual([0.2628, 0.1933, 0.1402, 0.1063, 0.0754]);
    expect(radius).toBeUndefined();
  });

  it('reads a radius where there is one', async () => {
    const catalogue = await readCatalogue(text(`${HEADER},radius`, `${ROW},2.5`, `${OTHER_ROW},`), 'radii.csv');
    expect(catalogue.photometry(0).radius).toBe(2.5);
    expect(catalogue.photometry(1).radius).toBeUndefined();
  });

  it.each([
    ['a missing column', [HEADER.replace('model_z', 'model_y'), ROW], /lacks the columns model_z/],
    ['a placeholder', [HEADER, ROW, OTHER_ROW.replace('20.9888', '-9999')], /line 3, column model_u: found "-9999"/],
    ['a word', [HEADER, ROW.replace('0.082659', 'unknown')], /line 2, column z_spec: found "unknown"/],
    ['an empty cell', [HEADER, ROW.replace('0.1402', '')], /column ext_r: found ""/],
    ['a short line', [HEADER, '1,2,3'], /line 2: found 3 cells, expected 12/],
    ['no rows', [HEADER], /has no rows/],
    ['nothing', [''], /has no rows/],
    ['a column that is there twice', [`${HEADER},model_u`, `${ROW},1`], /column model_u 2 times \(columns 3 and 13\)/],
    [
      'bare magnitudes',
      ['u,g,r,i,z', '18,17,16,15,14'],
      /lacks the columns z_spec.*its z may be a magnitude.*--columns/,
    ],
    ['a second table', [HEADER, ROW, '#Table2', HEADER, ROW], /line 3: another table begins/],
    ['a web page', ['<!DOCTYPE html>', '<html>'], /is an HTML page/],
    ['an LFS pointer', ['version https://git-lfs.github.com/spec/v1', 'oid sha256:00', 'size 1'], /Git LFS/],
    ['a VOTable', ['<?xml version="1.0"?>', '<VOTABLE/>'], /VOTable/],
    ['JSON', ['[{"z": 0.1}]'], /is JSON/],
    ['binary junk', ['\x01\x00\x7f\x00ELF'], /is not text/],
    ['a quote that never ends', [HEADER, `"${ROW}`], /not a CSV file/],
    ['an endless line', [HEADER, '1'.repeat(100_000)], /not a CSV file/],
  ])('names %s', async (_, lines, message) => {
    const reading = readCatalogue(text(...lines), 'bad.csv');
    await expect(reading).rejects.toThrow(CatalogueError);
    await expect(readCatalogue(text(...lines), 'bad.csv')).rejects.toThrow(message);
  });

  it('passes on what the source throws', async () => {
    const broken = async function* (): AsyncGenerator<string> {
      yield HEADER;
      throw new Error('disk gone');
    };
    await expect(readCatalogue(broken(), 'x.csv')).rejects.toThrow('disk gone');
  });
});

/** Rows that are told apart by what one cell of them holds. */
const rowWith = (from: string, to: string): string => ROW.replace(from, to);

describe('catalogues as they are found', () => {
  const expected = [18.911 - 0.2628, 17.8272 - 0.1933, 17.1939 - 0.1402, 16.7555 - 0.1063, 16.5583 - 0.0754];
  const semicolons = (line: string): string => line.replaceAll(',', ';').replaceAll('.', ',');

  it.each<[string, string[]]>([
    ['a line of CasJobs before the header', ['#Table1', HEADER, ROW]],
    ['comments, and a header that is one', ['# made by "me, myself', `# ${HEADER}`, '# one row', ROW]],
    [
      'SkyServer’s names',
      [HEADER.replace('z_spec', 'z').replaceAll('model_', 'modelMag_').replaceAll('ext_', 'extinction_'), ROW],
    ],
    ['capitals', [HEADER.toUpperCase(), ROW]],
    ['semicolons and decimal commas', [semicolons(HEADER), semicolons(ROW)]],
    ['what Excel writes', ['sep=;', semicolons(HEADER), semicolons(ROW)]],
    ['tabs', [HEADER.replaceAll(',', '\t'), ROW.replaceAll(',', '\t')]],
    ['quotes and blanks', [HEADER.replaceAll(',', '", "').replace(/.*/, '"$&"'), ROW.replaceAll(',', ' , ')]],
    ['CRLF and a byte order mark', [`\ufeff${HEADER}\r`, `${ROW}\r`, '\r', '']],
    ['z_spec beside z', [`${HEADER},z`, `${ROW},17`]],
  ])('are read with %s', async (_, lines) => {
    const catalogue = await readCatalogue(text(...lines), 'found.csv');
    expect(catalogue).toMatchObject({ rows: 1, remarks: [] });
    expect(catalogue.photometry(0)).toMatchObject({ redshift: 0.082659, magnitudes: expected });
  });

  it('are read from gzip, and what is packed is named when it is damaged or none', async () => {
    const packed = (content: string) => gzipSync(content);
    const read = (bytes: Buffer) => readCatalogue(Readable.from([bytes.subarray(0, 1), bytes.subarray(1)]), 'x.csv.gz');
    const whole = packed([HEADER, ROW].join('\n'));
    expect((await read(whole)).photometry(0).redshift).toBe(0.082659);
    await expect(read(whole.subarray(0, -12))).rejects.toThrow(CatalogueError);
    await expect(read(whole.subarray(0, -12))).rejects.toThrow(/gzip that is damaged or not all there/);
    await expect(read(packed('<html>'))).rejects.toThrow(/HTML page/);
    await expect(read(Buffer.alloc(0))).rejects.toThrow(/has no rows/);
  });

  it('are read under names that are given, and refused with names that are not there', async () => {
    const lines = [HEADER.replace('z_spec', 'photoz').replace('model_r', 'psfMag_r'), ROW];
    const columns = { z_spec: 'photoz', model_r: 'psfMag_r' };
    expect((await readCatalogue(text(...lines), 'own.csv', { columns })).photometry(0).magnitudes).toEqual(expected);
    const read = (mapping: ColumnMapping) => readCatalogue(text(...lines), 'own.csv', { columns: mapping });
    await expect(read({ ...columns, model_r: 'PSF' })).rejects.toThrow(/no column "PSF" to be taken as model_r/);
    await expect(read({ ...columns, redshift: 'z' })).rejects.toThrow(
      /no column "redshift" to be mapped; known: z_spec/,
    );
  });

  it('say galaxies at redshifts that are real but can’t be rendered, unless their radius is known', async () => {
    const lines = ['0', '-0.0003', '2.3'].map((z) => rowWith('0.082659', z));
    const { rows, remarks } = await readCatalogue(text(HEADER, ROW, ...lines), 'far.csv');
    expect(rows).toBe(1);
    expect(remarks).toEqual([
      expect.stringMatching(/^3 of 4 rows are left out.*\n {2}line 3: z = 0\n.*-0.0003\n.*2.3$/),
    ]);
    const sized = await readCatalogue(text(`${HEADER},radius`, ...lines.map((line) => `${line},2`)), 'sized.csv');
    expect(sized).toMatchObject({ rows: 3, remarks: [] });
    const [batch] = [...simulateSurvey({ count: 3, seed: 1, catalogue: sized })];
    expect([...batch!.redshift]).toEqual([0, -0.0003, 2.3]);
    expect(batch!.images.every(Number.isFinite)).toBe(true);
    await expect(readCatalogue(text(HEADER, ...lines), 'none.csv')).rejects.toThrow(/no galaxy that can be rendered/);
    await expect(readCatalogue(text(HEADER, rowWith('0.082659', '99')), 'z99.csv')).rejects.toThrow(/found "99"/);
  });

  it('lose their bad lines when asked, which are counted and listed up to 20', async () => {
    const bad = ['-9999', 'NaN', 'null', '', '99', 'Infinity', '0x12'].map((value) => rowWith('18.9110', value));
    const { rows, remarks } = await readCatalogue(text(HEADER, ...bad, ROW, '1,2'), 'bad.csv', { skipBad: true });
    expect(rows).toBe(1);
    expect(remarks).toHaveLength(1);
    expect(remarks[0]!.split('\n')).toHaveLength(9);
    expect(remarks[0]).toMatch(/^8 of 9 rows are left out for bad values:\n {2}line 2, column model_u: found "-9999"/);
    const many = Array.from({ length: 30 }, () => bad[0]!);
    const long = await readCatalogue(text(HEADER, ...many, ROW), 'many.csv', { skipBad: true });
    expect(long.remarks[0]!.split('\n')).toHaveLength(22);
    expect(long.remarks[0]).toMatch(/… and 10 more$/);
    const none = readCatalogue(text(HEADER, ...many), 'none.csv', { skipBad: true });
    await expect(none).rejects.toThrow(/no galaxy that can be rendered/);
  });

  it('say how many galaxies are the same as another', async () => {
    const { rows, remarks } = await readCatalogue(text(HEADER, ROW, OTHER_ROW, ROW, ROW, OTHER_ROW), 'same.csv');
    expect(rows).toBe(5);
    expect(remarks).toEqual(['3 of 5 galaxies are the same as an earlier one, number for number.']);
  });
});

describe('a survey of real photometry', () => {
  it('keeps magnitudes and redshift as they are and goes round the rows', async () => {
    const catalogue = await readCatalogue(text(HEADER, ROW, OTHER_ROW), 'two.csv');
    const [batch] = [...simulateSurvey({ count: 5, seed: 4, catalogue })];
    expect([...batch!.redshift]).toEqual([0.082659, 0.199231, 0.082659, 0.199231, 0.082659]);
    expect([...batch!.magnitudes.subarray(0, 5)]).toEqual([...catalogue.photometry(0).magnitudes]);
    expect([...batch!.magnitudes.subarray(10, 15)]).toEqual([...catalogue.photometry(0).magnitudes]);
    // The same galaxy seen again: other noise, other orientation.
    expect(batch!.images[0]).not.toBe(batch!.images[2 * 5120]);
  });

  it('shows a larger galaxy fainter in its centre', async () => {
    const catalogue = await readCatalogue(text(`${HEADER},radius`, `${ROW},1`, `${ROW},6`), 'radii.csv');
    const [batch] = [...simulateSurvey({ count: 40, seed: 4, catalogue })];
    const centre = (galaxy: number): number => batch!.images[(galaxy * 5 + 2) * 1024 + 16 * 32 + 16]!;
    const small = Array.from({ length: 20 }, (_, k) => centre(2 * k));
    const large = Array.from({ length: 20 }, (_, k) => centre(2 * k + 1));
    const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
    expect(sum(small)).toBeGreaterThan(3 * sum(large));
  });
});
