import { copyFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { compileAstroMae, PUBLISHED_CONFIG, randomWeights } from '@cosmicai/astromae';
import { eventsIn, ofType } from './support/events.ts';
import { printedRun, Workspace } from './support/workspace.ts';

const CONFIG = { ...PUBLISHED_CONFIG, encoder: { ...PUBLISHED_CONFIG.encoder, depth: 1 } };

let workspace: Workspace;
let directory: string;
let runId: string;

beforeAll(async () => {
  workspace = new Workspace();
  await workspace.survey('parts', { count: 9, files: 3 });
  await workspace.survey('others', { count: 9, files: 3, seed: 2 });
  const run = printedRun(
    await workspace.cosmicai(['run', '--data', 'parts', '--world-size', '3', '--json', '--no-report']),
  );
  directory = run.directory;
  runId = run.summary!.run_id;
}, 180_000);
afterAll(() => workspace.remove());

const file = (...parts: string[]) => workspace.path('results', 'runs', runId, ...parts);
const results = (name: string) => workspace.path('results', name);
const resume = (...more: string[]) =>
  workspace.cosmicai(['run', '--resume', directory, '--json', '--no-report', ...more]);

/** The ranks that ran since there were so many events. */
function ranksSince(events: number): number[] {
  return eventsIn(directory)
    .slice(events)
    .filter(ofType('ChildStarted'))
    .map(({ index }) => index);
}

const known = () => eventsIn(directory).length;
const predictionsOf = () =>
  [0, 1, 2].map((rank) => readFileSync(file('predictions', `${rank}.parquet`)).toString('base64'));

describe('what was swapped or lost in a run that had succeeded', () => {
  it.each<[string, () => void, number[]]>([
    ['nothing', () => undefined, []],
    ['a lost result', () => rmSync(file('1.json')), [1]],
    ['the result of another rank', () => copyFileSync(file('0.json'), file('2.json')), [2]],
    [
      'the predictions of another rank',
      () => copyFileSync(file('predictions', '0.parquet'), file('predictions', '1.parquet')),
      [1],
    ],
    ['the image hashes of another rank', () => copyFileSync(file('hashes', '0.u64'), file('hashes', '2.u64')), [2]],
    ['a lost summary', () => rmSync(file('summary.json')), []],
    ['a summary that was cut', () => truncateSync(file('summary.json'), 700), []],
    ['the published result of another rank', () => copyFileSync(results('0.json'), results('1.json')), []],
    ['a lost summary of what is published', () => rmSync(results('summary.json')), []],
    ['a published summary that was cut', () => truncateSync(results('summary.json'), 700), []],
    ['a changed summary', () => writeFileSync(file('summary.json'), '{}'), []],
  ])('is made good by --resume, and nothing else runs again: %s', async (kind, swap, again) => {
    const before = predictionsOf();
    const events = known();
    swap();

    const found = await workspace.inProcess(['verify', 'results']);
    if (kind !== 'nothing') expect(found.stdout).toContain(`with: cosmicai run --resume ${directory}\n`);
    const resumed = await resume();

    expect(resumed.code).toBe(0);
    expect(ranksSince(events)).toEqual(again);
    expect(predictionsOf()).toEqual(before);
    expect(workspace.summary('results', 'runs', runId, 'summary.json')).toMatchObject({
      status: 'SUCCEEDED',
      samples: 9,
    });
    expect((await workspace.inProcess(['verify', 'results'])).code).toBe(0);
  });

  it('a plan that is not that of the run is refused', async () => {
    const manifest = readFileSync(file('manifest.json'), 'utf8');
    writeFileSync(file('manifest.json'), manifest.replace('"BATCH_SIZE":128', '"BATCH_SIZE":129'));
    const refused = await resume();
    writeFileSync(file('manifest.json'), manifest);

    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/manifest\.json is not what was planned/);
    // What is printed works as it is printed.
    const [, again] = /Start a new run with: cosmicai (.*)$/m.exec(refused.stderr) ?? [];
    expect(again).toBe(`run --again ${directory}`);
    const anew = await workspace.cosmicai([...again!.split(' '), '--json', '--no-report']);
    expect(printedRun(anew)).toMatchObject({ status: 'SUCCEEDED', summary: { samples: 9, world_size: 3 } });
    expect(printedRun(anew).directory).not.toBe(directory);
    expect(printedRun(anew).summary!.run_id).not.toBe(runId);
  });
});

describe('inputs that changed before --resume', () => {
  it('a partition is refused, and taken with --accept-changed: its rank runs again', async () => {
    const before = predictionsOf();
    rmSync(file('0.json'));
    copyFileSync(workspace.path('others', '2.pt'), workspace.path('parts', '2.pt'));

    const refused = await resume();
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/Inputs of run .* have changed since it began:\n {2}2\.pt was written again/);
    expect(refused.stderr).toContain(
      `Or take them as they are now: cosmicai run --resume ${directory} --accept-changed\n`,
    );
    // What to do instead is all that is said: to go on just so would be refused again.
    expect(refused.stderr).not.toContain('Once that is mended');
    // Who was refused finds all as it was.
    expect(existsSync(file('proof.json'))).toBe(true);

    const events = known();
    const accepted = await resume('--accept-changed');
    expect(accepted.code).toBe(0);
    expect(ranksSince(events)).toEqual([0, 1]);
    const after = predictionsOf();
    expect([0, 1, 2].filter((rank) => after[rank] !== before[rank])).toEqual([1]);
    expect(printedRun(accepted).summary!.warnings).toEqual([
      expect.stringMatching(/^Inputs changed while the run was under way, and were taken so: 2\.pt/),
    ]);
  });

  it('a model is refused, and taken with --accept-changed: all ranks run again', async () => {
    const before = predictionsOf();
    rmSync(file('0.json'));
    writeFileSync(workspace.modelPath, compileAstroMae(CONFIG, randomWeights(CONFIG, 8)));

    const refused = await resume();
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/the model is [0-9a-f]{12}…, planned was [0-9a-f]{12}…/);

    const model = readFileSync(workspace.modelPath);
    rmSync(workspace.modelPath);
    const gone = await resume();
    writeFileSync(workspace.modelPath, model);
    expect(gone.code).toBe(2);
    expect(gone.stderr).toContain(`\nOnce that is mended, go on with: cosmicai run --resume ${directory}\n`);

    const events = known();
    expect((await resume('--accept-changed')).code).toBe(0);
    expect(ranksSince(events)).toEqual([0, 1, 2]);
    const after = predictionsOf();
    expect([0, 1, 2].filter((rank) => after[rank] !== before[rank])).toEqual([0, 1, 2]);
    expect((await workspace.inProcess(['verify', 'results'])).code).toBe(0);
  });
});

describe('an execution that is under way', () => {
  it('is neither resumed nor cleaned by a second one', async () => {
    const lock = { pid: process.pid, host: hostname(), process: null };
    writeFileSync(`${directory}/lock.json`, JSON.stringify({ ...lock, started_at: '2026-03-04T05:06:07Z' }));

    const resumed = await resume();
    const cleaned = await workspace.inProcess(['clean', 'results', runId, '--yes']);
    rmSync(`${directory}/lock.json`);

    for (const { code, stderr } of [resumed, cleaned]) {
      expect(code).toBe(1);
      expect(stderr).toContain(`is under way: process ${process.pid} on`);
    }
    expect(workspace.exists('results', 'runs', runId, 'summary.json')).toBe(true);
  });
});
