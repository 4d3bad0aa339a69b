import { tmpdir } from 'node:os';
import { benchAnalysisSchema, benchReportSchema } from '@cosmicai/bench';
import fc from 'fast-check';
import { fuzz, jsonText, oddInText, oneFieldChanged } from '../../../test/fuzz.ts';
import { summary } from '../../../test/run-summary.ts';
import { pageOfFiles, resultIn, runReportSchema, sourceAt, type Page, type RunReport } from '../src/index.ts';
import { GENERATIONS, rank } from './result-generations.ts';

const pageOf = (...texts: readonly string[]) =>
  pageOfFiles(
    texts.map((text, at) => resultIn(text, `${at}.json`)),
    {},
  );
const reportOf = (...values: readonly unknown[]) =>
  pageOf(...values.map((value) => JSON.stringify(value))).content as RunReport;

/** A page shows what its schema allows, and nothing that JSON has no word for. */
function checkContent({ content }: Page): void {
  if (![runReportSchema, benchReportSchema, benchAnalysisSchema].some((schema) => schema.safeParse(content).success))
    throw new Error(`no page can be made of ${JSON.stringify(content)}`);
  if (/[^"]\b(?:NaN|Infinity)\b/.test(JSON.stringify(content))) throw new Error('a figure that is not a number');
}

describe('a result file', () => {
  it.each(GENERATIONS)('of the kind $name is read, and its page is made', async ({ value }) => {
    const page = pageOf(`\uFEFF${JSON.stringify(value, null, 1)}`);

    checkContent(page);
    expect(await page.html()).toMatch(/^<!doctype html>/i);
  });

  it.each([
    ['a payload', { bucket: 'b', data_prefix: '100MB', batch_size: 512 }, /payload.*cosmicai run/],
    ['a payload of few fields', { bucket: 'b', world_size: 4, batch_size: 8 }, /payload/],
    ['a run record', { run: {}, created_at: 'x', payload: {} }, /run record \(run\.json\); name the folder of its run/],
    ['a manifest', [{ RANK: 0, DATA_PATH: ['1.pt'] }], /manifest/],
    ['an execution', { events: [], definition: {} }, /record of an execution/],
    ['a quote', { costUsd: {}, calibration: 'x', seconds: {} }, /a quote; .*--quote/],
    ['prices', { lambda: {}, step_functions: {} }, /price list/],
    ['fmi.json', { run_id: 'r', links: {}, ranks: [], world_size: 2, prediction_scores: {} }, /fmi\.json/],
    ['a state machine', { StartAt: 'A', States: {} }, /state machine/],
    [
      'a row of a sweep',
      { world_size: 1, repeat: 1, start: 'cold', status: 'x', throughput_rps: 1 },
      /one run of a sweep/,
    ],
    [
      'a run without a summary',
      { status: 'FAILED', error: 'E', cause: 'why', directory: '/', summary: null, ranks: [] },
      /FAILED, E: why/,
    ],
    ['any other object', { colour: 'blue', time: 'noon' }, /no result in 0\.json: it has no time.*"colour", "time"/],
    ['an empty list', [], /empty list/],
    ['an empty object', {}, /empty object/],
    ['a number', 7, /it is 7/],
    ['a list of numbers', [7, 8], /Record 1 of 2 is not a result: 7/],
  ])('that is %s is refused with what it is', (_, value, message) => {
    expect(() => reportOf(value)).toThrow(message);
  });

  it.each([
    ['table.csv', 'rank,seconds\n0,4\n', /a table \(CSV\)/],
    ['events.jsonl', '{"a":1}\n{"b":2}\n', /event log/],
    ['1.pt', 'PK\u0003\u0004', /zip file/],
    ['cut.json', '[{"MAE": 0.1', /not JSON .*begins with/],
    ['empty.json', '', /empty/],
  ])('named %s that is not valid JSON is refused with what it is and what is taken', (name, text, message) => {
    expect(() => resultIn(text, name)).toThrow(message);
    expect(() => resultIn(text, name)).toThrow(/Taken are combined_data\.json/);
  });

  it('that Python wrote may hold NaN, which is told', () => {
    const { scores, notUnderstood } = pageOf('{"MAE": NaN, "MSE": 0.1, "device": "NaN"}').content as RunReport;

    expect(scores).toMatchObject({ mae: null, mse: 0.1 });
    expect(notUnderstood).toEqual(['"MAE": "NaN" is not a number']);
  });
});

describe('what is named on the command line', () => {
  it.each([
    ['/dev/null', /neither a file nor a folder/],
    ['http://x/combined_data.json', /not an address/],
    ['none.json', /There is no file or folder/],
  ])('as %s is refused', async (path, message) => {
    await expect(sourceAt(path, tmpdir())).rejects.toThrow(message);
  });
});

describe('several result files', () => {
  it('of one run are that run: its ranks, the same again in combined_data.json, its summary', () => {
    const report = reportOf(rank(0), rank(1), [rank(0), rank(1)], summary);

    expect(report).toMatchObject({ runId: 'r-1', status: 'SUCCEEDED', samples: 200, wallClockSeconds: 5 });
    expect(report.ranks.map((row) => row.rank)).toEqual([0, 1]);
    expect(report.warnings).toEqual(['2 results are in several of the files and count once.']);
  });

  it('of several runs are compared; on different devices they are no repeats', () => {
    const result = (device: string, run: string) => ({ ...rank(0), device, run_id: run });
    const { content } = pageOf(...['cpu', 'cuda'].map((device) => JSON.stringify([result(device, device)])));

    expect(benchReportSchema.parse(content).runs.map(({ data_size, repeat }) => [data_size, repeat])).toEqual([
      ['0.0019 GB on cpu', 1],
      ['0.0019 GB on cuda', 1],
    ]);
  });

  it('one of which is a sweep are refused', () => {
    const sweep = GENERATIONS.find(({ name }) => name === 'bench.json')!.value;

    expect(() => reportOf(sweep, rank(0))).toThrow(/0\.json is a sweep: give it by itself/);
  });

  it('of a summary alone have its rates, bill and accuracy', () => {
    const report = reportOf(summary);

    expect(report).toMatchObject({ samples: 200, cost: { usd: 0.0002 }, scores: summary.prediction_scores });
    expect(report.rates.byWallClock).toEqual({ samplesPerSecond: 40, bitsPerSecond: 40 });
    expect(report.warnings).toEqual([expect.stringMatching(/tells nothing of single ranks/)]);
  });
});

describe('2,000 result files', () => {
  const valid = fc.constantFrom(...GENERATIONS.map(({ value }) => value as object));
  const pages: Page[] = [];

  it('are read or refused by an error of ours, and figures stay figures', async () => {
    const tally = fuzz<string>({
      tries: 2000,
      valid: fc
        .tuple(valid, fc.constantFrom(undefined, 1, '\t'), fc.constantFrom('', '\uFEFF', ' \n'))
        .map(([value, indent, before]) => `${before}${JSON.stringify(value, null, indent)}`),
      changed: oneFieldChanged(valid, oddInText).map(jsonText),
      other: fc.oneof(
        oddInText.map(jsonText),
        fc.string(),
        valid.map((value) => JSON.stringify(value).slice(0, -40)),
      ),
      take: (text) => {
        const page = pageOf(text);
        checkContent(page);
        pages.push(page);
      },
    });

    expect(tally.accepted * 3).toBeGreaterThanOrEqual(tally.tries);
    expect(tally.changed * 2).toBeGreaterThanOrEqual(tally.tries);
    // Charts are slow to draw: a few of the pages are made.
    for (const page of pages.filter((_, at) => at % 100 === 7)) expect(await page.html()).toMatch(/^<!doctype html>/i);
  }, 300_000);
});
