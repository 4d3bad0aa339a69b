import { CatalogueError, readCatalogue, simulateSurvey } from '../src/index.ts';

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
    ['a short line', [HEADER, '1,2,3'], /not a CSV file/],
    ['no rows', [HEADER], /has no rows/],
    ['nothing', [''], /has no rows/],
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
