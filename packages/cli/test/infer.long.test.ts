import { readFileSync, writeFileSync } from 'node:fs';
import { decodePredictions } from '@cosmicai/inference';
import { printedJson, Workspace } from './support/workspace.ts';

let workspace: Workspace;
beforeAll(async () => {
  workspace = new Workspace();
  await workspace.survey('parts', { count: 30, files: 2 });
});
afterAll(() => workspace.remove());

interface InferJson {
  readonly 'total cpu time (second)': number;
  readonly 'throughput(bps)': number;
  readonly sample_persec: number;
  readonly cpu_seconds: number;
  readonly samples: number;
  readonly 'batch size': number;
  readonly 'number of batches': number;
  readonly MAE: number;
  readonly MSE: number;
  readonly Bias: number;
  readonly Precision: number;
  readonly R2: number;
}

describe('cosmicai infer', () => {
  it('gives the same accuracy at every batch size', async () => {
    const reports = await Promise.all(
      [1, 7, 32].map(async (batchSize) => {
        const end = await workspace.cosmicai(['infer', 'parts/1.pt', 'parts/2.pt', '-b', String(batchSize), '--json']);
        expect(end.code).toBe(0);
        return printedJson(end) as InferJson;
      }),
    );
    expect(reports.map((report) => [report.samples, report['batch size'], report['number of batches']])).toEqual([
      [30, 1, 30],
      [30, 7, 6],
      [30, 32, 2],
    ]);
    for (const score of ['MAE', 'MSE', 'Bias', 'Precision', 'R2'] as const) {
      const [one, ...others] = reports.map((report) => report[score]);
      expect(Number.isFinite(one)).toBe(true);
      // Sums of single-precision arithmetic depend on the batch in their last digits.
      for (const other of others) expect(Math.abs(other / one! - 1)).toBeLessThan(1e-4);
    }
  });

  it("prints upstream's keys with --json, and rate x time is the bits that were read", async () => {
    const end = await workspace.cosmicai(['infer', 'parts/1.pt', '--json', '--device', 'cpu']);
    const printed = printedJson(end) as InferJson;
    expect(printed['throughput(bps)'] * printed['total cpu time (second)']).toBeCloseTo(15 * 20_520 * 8, 3);
    expect(printed.sample_persec * printed['total cpu time (second)']).toBeCloseTo(15, 9);
    expect(printed.cpu_seconds).toBeGreaterThan(0);
    expect(Object.keys(printed)).toEqual(
      expect.arrayContaining([
        ...['total cpu time (second)', 'execution time per batch (second)', 'cpu memory (MB)', 'throughput(bps)'],
        ...['batch size', 'number of batches', 'device', 'MAE', 'MSE', 'Bias', 'Precision', 'R2'],
      ]),
    );
  });

  it('reads the files of a list as if they were named', async () => {
    writeFileSync(workspace.path('survey.txt'), '# both\nparts/2.pt\n\n  parts/1.pt  \n');
    writeFileSync(workspace.path('empty.txt'), '# none\n');
    const end = await workspace.cosmicai(['infer', '@survey.txt', '--json']);
    expect((printedJson(end) as InferJson).samples).toBe(30);
    writeFileSync(workspace.path('stale.txt'), 'parts/1.pt\nparts/gone.pt\n');
    writeFileSync(workspace.path('lists.txt'), '# of lists\n@survey.txt\n');
    const refused = await Promise.all(
      ['empty.txt', 'gone.txt', 'stale.txt', 'lists.txt', 'parts/1.pt'].map((list) =>
        workspace.inProcess(['infer', `@${list}`]),
      ),
    );
    expect(refused.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2]);
    const messages = [
      /names no files: it has one path or address a line/,
      /There is no file .*gone\.txt/,
      /stale\.txt, line 2: There is no file .*gone\.pt/,
      /lists\.txt, line 2: @survey\.txt is a list, and lists in lists are not read/,
      /1\.pt is not a list of files/,
    ];
    messages.forEach((message, place) => expect(refused[place]!.stderr).toMatch(message));
  });

  it('says what a graphics processor needs, where there is none', async () => {
    const end = await workspace.cosmicai(['infer', 'parts/1.pt', '--device', 'cuda']);
    expect(end.code).toBe(2);
    expect(end.stderr).toContain('onnxruntime finds no CUDA that it can use here');
  });

  it('writes the same predictions as CSV and as Parquet', async () => {
    const files = ['parts/2.pt', 'parts/1.pt'];
    const [csv, parquet] = await Promise.all([
      workspace.cosmicai(['infer', ...files, '--out', 'predictions.csv']),
      workspace.cosmicai(['infer', ...files, '--out', 'predictions.parquet']),
    ]);

    expect([csv.code, parquet.code]).toEqual([0, 0]);
    for (const title of ['Samples', 'Total time', 'Time per batch', 'Throughput', 'Peak memory', 'MAE', 'R2'])
      expect(csv.stdout).toMatch(new RegExp(`^${title} +\\S`, 'm'));
    expect(csv.stdout).toContain(workspace.path('predictions.csv'));
    const [header, ...lines] = workspace.text('predictions.csv').trimEnd().split('\n');
    expect(header).toBe('index,z_spec,z_pred,flags');
    const rows = lines.map((line) => line.split(',').map(Number));
    expect(rows.map(([index]) => index)).toEqual(Array.from({ length: 30 }, (_, index) => index));

    const file = readFileSync(workspace.path('predictions.parquet'));
    // The footer of the file names its columns.
    for (const band of ['u', 'g', 'r', 'i', 'z']) expect(file.toString('latin1')).toContain(`mag_${band}`);
    const decoded = await decodePredictions(file);
    expect(decoded.map(({ partition, index }) => [partition.split('/').at(-1), index])).toEqual(
      ['2.pt', '1.pt'].flatMap((name) => Array.from({ length: 15 }, (_, index) => [name, index])),
    );
    expect(decoded.map(({ z_spec, z_pred }) => [z_spec, z_pred])).toEqual(rows.map(([, spec, pred]) => [spec, pred]));
    expect(workspace.names().filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('names the file that is damaged', async () => {
    writeFileSync(workspace.path('damaged.pt'), readFileSync(workspace.path('parts', '1.pt')).subarray(0, 99_999));
    const end = await workspace.cosmicai(['infer', 'damaged.pt', '--out', 'none.csv', '--json']);
    expect(end.code).toBe(2);
    expect(printedJson(end)).toMatchObject({ error: 'MalformedTorchFileError' });
    expect(end.stderr).toMatch(/^Error: .*damaged\.pt.*\n$/);
    expect(workspace.exists('none.csv')).toBe(false);
  });
});
