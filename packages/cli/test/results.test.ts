import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { benchReportSchema } from '@cosmicai/bench';
import { pricesOf } from '@cosmicai/metrics';
import { DEFAULT_CALIBRATION, quoteSchema } from '@cosmicai/quote';
import { FORMAT, parseAs, parseJsonAs, type RankResult } from '@cosmicai/payload';
import { printedJson, printedRun, Workspace } from './support/workspace.ts';

let workspace: Workspace;
let runId: string;
let printedRunText: string;
beforeAll(async () => {
  workspace = new Workspace();
  await workspace.survey('parts', { count: 8, files: 2 });
  const none = await workspace.inProcess(['status', '.']);
  expect(none).toMatchObject({ code: 0, stdout: 'No runs in ..\n' });
  const options = ['--data', 'parts', '--world-size', '2', '--no-report', '--json'];
  const run = await workspace.cosmicai(['run', ...options]);
  printedRunText = run.stdout;
  runId = printedRun(run).summary!.run_id;
});
afterAll(() => workspace.remove());

describe('cosmicai status', () => {
  it('lists the runs of a folder and shows one', async () => {
    const [list, json, one] = await Promise.all([
      workspace.inProcess(['status']),
      workspace.inProcess(['status', 'results', '--json']),
      workspace.inProcess(['status', 'results', runId]),
    ]);

    expect(list.stdout).toMatch(/^run +status +ranks +batch +samples +wall clock\n/);
    expect(list.stdout).toMatch(new RegExp(`^${runId} +SUCCEEDED +2/2 +128 +8 +\\d`, 'm'));
    expect(printedJson(json)).toEqual([
      expect.objectContaining({ run_id: runId, status: 'SUCCEEDED', world_size: 2, samples: 8, ranks_with_result: 2 }),
    ]);
    expect(one.code).toBe(0);
    expect(one.stdout).toContain(`${runId}: SUCCEEDED`);
    expect(one.stdout).toMatch(/^ +0 +4 /m);
  });
});

describe('cosmicai status of a run under way', () => {
  const figures = {
    ...{ galaxies: 1024, galaxies_total: 4096, total_exact: false, galaxies_per_second: 310 },
    ...{ seconds_left: { from: 9, to: 12 }, ranks: { total: 4, at_work: 2, done: 1, failed: 0 } },
    ...{ silent: [{ rank: 3, seconds: 42, galaxies: 17, pid: 4711 }], silent_ranks: 1 },
  };
  const execution = (id: string, writtenAt: number, known: object = {}) => {
    const record = {
      ...{ run_id: id, written_at: new Date(writtenAt).toISOString(), pid: 99, state: 'Infer', state_seconds: 31 },
      ...{ figures, format: 2, ...known },
    };
    mkdirSync(workspace.path('working/runs', id), { recursive: true });
    writeFileSync(workspace.path('working/runs', id, 'run.json'), workspace.text('results/runs', runId, 'run.json'));
    const directory = workspace.path('working/executions', `of-${id}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(`${directory}/progress.json`, JSON.stringify(record));
    return directory;
  };

  it('says how far it is and which ranks are silent, and how to go on where it was killed', async () => {
    // Times of files that were written just now may even lie ahead, on a disk that is shared.
    execution('a', Date.now() + 3_600_000);
    const killed = execution('b', Date.now() - 3_600_000);
    execution('c', Date.now() + 3_600_000, { format: 99 });
    const [list, json, one] = await Promise.all([
      workspace.inProcess(['status', 'working']),
      workspace.inProcess(['status', 'working', '--json']),
      workspace.inProcess(['status', 'working', 'a']),
    ]);

    const now = 'Infer, 31 s: 1,024 of about 4,096 galaxies, 310/s, 5 to 15 s left, 1 of 4 ranks, 2 at work';
    const silent = 'rank 3 has said nothing for 42 s, after 17 galaxies (process 4711)';
    expect(list.stdout).toContain(`\nUnder way:\na: ${now}, silent: rank 3 (42 s)\n  ${silent}\nb: ${now}`);
    expect(list.stdout).toContain(
      `that was 1 h 00 min ago. Nothing was heard since of process 99: if it is gone, go on with: cosmicai run --resume ${killed}\n`,
    );
    expect(list.stdout).not.toContain('\nc: ');
    expect(printedJson(json)).toMatchObject([
      { run_id: 'a', status: 'NOT SUMMARIZED', under_way: { pid: 99, heard_seconds: 0, figures } },
      { run_id: 'b', under_way: { directory: killed } },
      { run_id: 'c', under_way: null },
    ]);
    expect(one.stdout).toMatch(/^Under way +Infer, 31 s: 1,024 of about/m);
    expect(one.stdout).toMatch(/^Under way +rank 3 has said nothing for 42 s/m);
  });
});

describe('cosmicai status of an execution whose process was killed', () => {
  it('says how to go on with it, whatever it had come to', async () => {
    const execution = (name: string, pid: number) => {
      const directory = workspace.path('killed/executions', name);
      mkdirSync(directory, { recursive: true });
      writeFileSync(`${directory}/run.json`, '{}');
      const lock = { pid, host: hostname(), process: null, started_at: '2026-03-04T05:06:07Z' };
      writeFileSync(`${directory}/lock.json`, JSON.stringify(lock));
      return directory;
    };
    const gone = execution('gone', 2 ** 22 + 1);
    execution('at-work', process.pid);

    const list = await workspace.inProcess(['status', 'killed']);

    expect(list.stdout).toBe(
      `No runs in killed.\n\nBroken off, as their processes are gone:\ngone: go on with: cosmicai run --resume ${gone}\n`,
    );
  });
});

describe('cosmicai status of runs that this version did not write', () => {
  const folder = 'strange/runs';
  const put = (name: string, content: string) => {
    mkdirSync(dirname(workspace.path(folder, name)), { recursive: true });
    writeFileSync(workspace.path(folder, name), content);
  };

  it('tells what it can of each, and what it doesn’t understand', async () => {
    const run = workspace.text('results/runs', runId, 'run.json');
    // A summary as an earlier version wrote it, one that was cut off, one in a shape of its own, and a run at work.
    put('a/run.json', run);
    put('a/summary.json', JSON.stringify({ status: 'SUCCEEDED', samples: 8, batch_size: 128, prediction_scores: 1 }));
    put('a/0.json', '{}');
    put('b/run.json', run);
    put('b/summary.json', '{"status": "SUCC');
    put('c/summary.json', JSON.stringify(['done']));
    put('d/run.json', run);
    // Understood but for the results of its ranks.
    const { seal: _, planned_files: __, ...earlier } = JSON.parse(run) as Record<string, unknown>;
    put('f/run.json', JSON.stringify(earlier));
    put('f/summary.json', workspace.text('results/runs', runId, 'summary.json'));
    put('f/combined_data.json', '[{"rank": "first"}]');
    const [list, json, one, broken, atWork, results, none] = await Promise.all([
      workspace.inProcess(['status', 'strange']),
      workspace.inProcess(['status', 'strange', '--json']),
      workspace.inProcess(['status', 'strange', 'a']),
      workspace.inProcess(['status', 'strange', 'b', '--json']),
      workspace.inProcess(['status', 'strange', 'd']),
      workspace.inProcess(['status', 'strange', 'f']),
      workspace.inProcess(['status', 'strange', 'e']),
    ]);

    expect(list.code).toBe(0);
    expect(list.stdout).toMatch(/^a +SUCCEEDED +1\/2 +128 +8 +–$/m);
    expect(list.stdout).toMatch(/^b +UNREADABLE +0\/2 +– +– +–$/m);
    expect(list.stdout).toMatch(/^c +UNREADABLE +0\/– +– +– +–$/m);
    expect(list.stdout).toMatch(/^d +NOT SUMMARIZED +0\/2 +– +– +–$/m);
    expect(list.stdout).toMatch(/^a: summary\.json, \w+: expected /m);
    expect(printedJson(json)).toEqual([
      expect.objectContaining({ run_id: 'a', samples: 8, problem: expect.stringContaining('summary.json') as string }),
      expect.objectContaining({ run_id: 'b', problem: expect.stringContaining('valid JSON') as string }),
      expect.objectContaining({ run_id: 'c', world_size: null }),
      expect.objectContaining({ run_id: 'd', problem: null }),
      expect.objectContaining({ run_id: 'f', problem: null, status: 'SUCCEEDED' }),
    ]);
    expect(one).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Run +a: SUCCEEDED$/m) as string });
    expect(printedJson(broken)).toMatchObject({ run_id: 'b', status: 'UNREADABLE' });
    expect(atWork.stdout).toMatch(/^Ranks +2 planned, 0 with a result$/m);
    expect(results.stdout).toMatch(/^Not understood +\S+combined_data\.json has \d+ problems/m);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no run e in strange') as string });
  });
});

describe('cosmicai report', () => {
  it('writes a page and its plots for the newest run', async () => {
    const end = await workspace.inProcess(['report', 'results', '-o', 'page.html', '--plots', 'plots']);

    expect(end.code).toBe(0);
    expect(end.stdout).toContain(workspace.path('page.html'));
    const page = workspace.text('page.html');
    expect(page).toMatch(/^<!doctype html>/i);
    expect(page).toContain(runId);
    const plots = workspace.names('plots');
    expect(plots).toEqual(expect.arrayContaining(['rank-timeline.png', 'rank-timeline.svg', 'frontier.svg']));
    expect(page).toMatch(/Choices that no other beats in both, from .* This run took /);
    for (const plot of plots) {
      const start = readFileSync(workspace.path('plots', plot)).subarray(0, 4).toString('latin1');
      expect(start).toBe(plot.endsWith('.png') ? '\x89PNG' : '<svg');
    }
  });
});

describe('cosmicai report of files', () => {
  it('reads back what run and infer print and leave, and names what holds no result', async () => {
    writeFileSync(workspace.path('printed-run.json'), printedRunText);
    const inferred = await workspace.cosmicai(['infer', 'parts/1.pt', '--json']);
    writeFileSync(workspace.path('printed-infer.json'), inferred.stdout);
    const taken = ['printed-run.json', 'printed-infer.json', 'results/0.json', 'results/combined_data.json'];
    const refused = [
      `results/runs/${runId}/run.json`,
      `results/runs/${runId}/manifest.json`,
      'parts/1.pt',
      'none.json',
    ];
    const report = (path: string) =>
      workspace.inProcess(['report', path, '--json', '-o', `of-${path.replaceAll('/', '-')}.html`]);
    const [read, none] = await Promise.all([Promise.all(taken.map(report)), Promise.all(refused.map(report))]);

    expect(read.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(read.map((end) => (printedJson(end) as { samples: number }).samples)).toEqual([8, 4, 4, 8]);
    expect(none.map((end) => [end.code, printedJson(end)])).toEqual(
      refused.map(() => [2, { error: 'UserInputError', cause: expect.any(String) as unknown, format: FORMAT }]),
    );
    const [record, manifest, partition, missing] = none.map(({ stderr }) => stderr);
    expect(record).toMatch(/run record \(run\.json\); name the folder of its run instead/);
    expect(manifest).toMatch(/manifest of a run/);
    expect(partition).toMatch(/zip file.* Taken are combined_data\.json/);
    expect(missing).toMatch(/There is no file or folder .*none\.json/);
  });

  it('compares the runs of a tree that holds only combined_data.json, and tells what in it is none', async () => {
    const put = (path: string, value: unknown) => {
      mkdirSync(dirname(workspace.path('old', path)), { recursive: true });
      writeFileSync(workspace.path('old', path), JSON.stringify(value));
    };
    const ranks = (count: number) =>
      Array.from({ length: count }, (_, at) => ({
        'total_cpu_time (seconds)': 20 + at,
        sample_persec: 5000 / (20 + at),
        batch_size: 512,
        data_path: `100MB/${at + 1}.pt`,
      }));
    put('1GB/1/combined_data.json', ranks(11));
    put('1GB/2/combined_data.json', ranks(11));
    put('10 GB/1/combined_data.json', ranks(3));
    put('10 GB/1/combined_data_1.json', ranks(2));
    put('single/0.json', ranks(1)[0]);
    put('single/1.json', ranks(2)[1]);
    put('strange/combined_data.json', [{ bucket: 'b' }]);
    put('payload.json', { bucket: 'b', batch_size: 4 });
    const [tree, one, nothing] = await Promise.all([
      workspace.inProcess(['report', 'old', '--json', '-o', 'tree.html']),
      workspace.inProcess(['report', 'old/1GB/1', '--json', '-o', 'one.html']),
      workspace.inProcess(['report', 'parts', '-o', 'nothing.html']),
    ]);

    expect([tree.code, one.code, nothing.code]).toEqual([0, 0, 2]);
    const { runs, warnings } = benchReportSchema.parse(printedJson(tree));
    expect(runs.map((run) => [run.run_id, run.world_size]).sort()).toEqual([
      ['10 GB/1/combined_data.json', 3],
      ['10 GB/1/combined_data_1.json', 2],
      ['1GB/1', 11],
      ['1GB/2', 11],
      ['single/0.json, single/1.json', 2],
    ]);
    expect(warnings).toEqual([expect.stringMatching(/no result in strange/)]);
    const { ranks: rows, samples } = printedJson(one) as { ranks: { label: string }[]; samples: number };
    expect(samples).toBe(55_000);
    expect(rows.map(({ label }) => label).slice(0, 2)).toEqual(['100MB/1.pt', '100MB/2.pt']);
    expect(nothing.stderr).toMatch(/no finished run and no result in .*parts/);
  });
});

describe('cosmicai report --quote', () => {
  interface Row {
    readonly what: string;
    readonly quoted: number;
    readonly actual: number;
    readonly withinRange: boolean;
  }

  it('holds a quote against what the run took, figure by figure', async () => {
    const quoted = await workspace.inProcess(['quote', '--data', 'parts', '--world-size', '2', '--json']);
    expect(quoted.code).toBe(0);
    writeFileSync(workspace.path('quote.json'), quoted.stdout);

    const [end, page] = await Promise.all([
      workspace.inProcess(['report', 'results', '--quote', 'quote.json', '--json', '-o', 'quoted.json.html']),
      workspace.inProcess(['report', `results/runs/${runId}`, '--quote', 'quote.json', '-o', 'quoted.html']),
    ]);

    expect([end.code, page.code]).toEqual([0, 0]);
    const { reconciliation } = printedJson(end) as { reconciliation: readonly Row[] };
    const rows = new Map(reconciliation.map((row) => [row.what, row]));
    expect([...rows.keys()]).toEqual([
      'duration',
      'slowest rank',
      'cost',
      'peak memory',
      'Lambda requests',
      'cold starts',
      'samples',
    ]);
    const summary = workspace.summary('results', 'summary.json');
    expect(rows.get('duration')).toMatchObject({ actual: summary.wall_clock_seconds });
    // Initialize, two ranks, Summarize: as many as were quoted.
    expect(rows.get('Lambda requests')).toMatchObject({ quoted: 4, actual: 4, withinRange: true });
    expect(rows.get('samples')).toMatchObject({ quoted: 8, actual: 8, withinRange: true });
    expect(workspace.text('quoted.html')).toContain('Quote against actual');
  });

  it('refuses a file that is no quote, and says what one is', async () => {
    writeFileSync(workspace.path('no-quote.json'), JSON.stringify({ ranks: 2 }));
    const end = await workspace.inProcess(['report', 'results', '--quote', 'no-quote.json']);
    expect(end.code).toBe(2);
    expect(end.stderr).toMatch(/no-quote\.json has \d+ problems/);
    const gone = await workspace.inProcess(['report', 'results', '--quote', 'gone.json']);
    expect(gone).toMatchObject({ code: 2, stderr: expect.stringMatching(/gone\.json can't be read/) as string });
  });
});

describe('cosmicai quote', () => {
  it('says what a run will take, without a bucket', async () => {
    const files = ['--files', '130', '--world-size', '130'];
    const [table, json] = await Promise.all([
      workspace.inProcess(['quote', ...files]),
      workspace.inProcess(['quote', ...files, '--calibrate', 'results', '--json']),
    ]);
    expect(table.code).toBe(0);
    expect(table.stdout).toMatch(/^ranks +130 with data of 130$/m);
    expect(table.stdout).toMatch(/^galaxies +664,690$/m);
    expect(table.stdout).toMatch(/^bill +[\d.]+ USD \([\d.]+ USD to [\d.]+ USD\)$/m);
    expect(json.code).toBe(0);
    expect(printedJson(json)).toMatchObject({ ranks: 130, samples: 664_690, lambdaRequests: 132 });
    expect(table.stdout).toMatch(/^ranks at once +130 of 1,000 \(AWS's default, assumed; new accounts may have 10\)$/m);
  });

  it('quotes and tunes for what an account runs at once, and for the functions of a stage', async () => {
    const of = ['--files', '20', '--concurrency', '4'];
    const [quoted, tuned, sized] = await Promise.all([
      workspace.inProcess(['quote', ...of]),
      workspace.inProcess(['tune', ...of, '--arithmetic', 'int8', '--json']),
      workspace.inProcess(['quote', ...of, '--target', 'aws', '--child-type', 'EXPRESS', '--json']),
    ]);
    expect(quoted.stdout).toMatch(/^ranks at once +4 of 4 \(as given\)$/m);
    const { frontier, concurrency } = printedJson(tuned) as {
      frontier: readonly { maxConcurrency: number }[];
      concurrency: object;
    };
    expect(concurrency).toEqual({ limit: 4, source: 'as given' });
    expect(Math.max(...frontier.map(({ maxConcurrency }) => maxConcurrency))).toBe(4);
    // Express children enter no states of the machine.
    expect(printedJson(sized)).toMatchObject({ stateTransitions: 6, memory: { configuredMb: 3008 }, concurrency });
  });

  /** Of a further session on Lambda, where a function of 3,008 MB sees two cores. */
  const SECOND_SESSION_MB = DEFAULT_CALIBRATION.memory.mbPerSession;

  it('takes memory from the run it is calibrated by', async () => {
    const end = await workspace.inProcess(['quote', '--data', 'parts', '--calibrate', 'results', '--json']);

    expect(end.code).toBe(0);
    const { memory, calibration } = parseJsonAs(quoteSchema, end.stdout, 'quote');
    const most = Math.max(...workspace.combined('results', 'combined_data.json').map((rank) => rank.peak_rss_mb));
    expect(memory.peakMb).toBeCloseTo(most + SECOND_SESSION_MB, 6);
    expect(calibration).toMatch(/^the ranks of file:.*combined_data\.json, not on Lambda$/);
  });

  it('probes this machine with the payload’s own data, and says what it measured and how that is carried over', async () => {
    const [table, json] = await Promise.all([
      workspace.cosmicai(['quote', '--data', 'parts', '--probe', '--batch-size', '2']),
      workspace.cosmicai(['quote', '--files', '3', '--file-samples', '4', '--probe', '--json']),
    ]);

    expect([table.code, json.code]).toEqual([0, 0]);
    expect(table.stdout).toMatch(/^Probe +4 galaxies of 1\.pt at batch size 2, one process, one thread$/m);
    expect(table.stdout).toMatch(/^Rate +[\d.,]+ galaxies\/s by the clock, [\d.]+ cores busy$/m);
    expect(table.stdout).toMatch(/^On Lambda +a vCPU counts as a busy core here/m);
    expect(table.stdout).toMatch(/^based on +a probe on this machine \(\d+ x .+\), not on Lambda/m);
    const { probe, ...quoted } = printedJson(json) as { probe: { data: null; galaxies: number; ranks: RankResult[] } };
    expect(probe).toMatchObject({ data: null, galaxies: 2048 });
    expect(probe.ranks.map(({ samples, cold_start }) => [samples, cold_start])).toEqual([
      [2048, true],
      [2048, false],
    ]);
    const most = Math.max(...probe.ranks.map((rank) => rank.peak_rss_mb));
    expect(parseAs(quoteSchema, quoted, 'quote').memory.peakMb).toBeCloseTo(most + SECOND_SESSION_MB, 6);
  });

  it('takes the prices of a region that it knows none of from a file, for quote and report', async () => {
    const own = { ...pricesOf(), region: 'eu-south-2', lambda: { ...pricesOf().lambda, request: 1 } };
    writeFileSync(workspace.path('prices.json'), JSON.stringify(own));

    const [unknown, quoted, reported] = await Promise.all([
      workspace.inProcess(['quote', '--data', 'parts', '--region', 'eu-south-2']),
      workspace.inProcess(['quote', '--data', 'parts', '--prices', 'prices.json', '--json']),
      workspace.inProcess(['report', 'results', '--prices', 'prices.json', '--json', '-o', 'priced.html']),
    ]);

    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toMatch(/no prices for region "eu-south-2".*Copy .*us-east-1\.json.*--prices/);
    // A dollar a request, and four of them.
    expect(printedJson(quoted)).toMatchObject({ cost: { region: 'eu-south-2', usd: expect.closeTo(4, 1) as number } });
    expect(printedJson(reported)).toMatchObject({
      prices: { region: 'eu-south-2' },
      cost: { usd: expect.closeTo(4, 1) as number },
    });
  });

  it('says which model a probe can’t load', async () => {
    writeFileSync(workspace.path('no-model.onnx'), 'no model');
    const end = await workspace.cosmicai(['quote', '--data', 'parts', '--probe', '--model', 'no-model.onnx']);
    expect(end).toMatchObject({ code: 2, stdout: '' });
    expect(end.stderr).toMatch(/no-model\.onnx is not an ONNX model/);
  });
});
