import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FORMAT } from '@cosmicai/payload';
import { executionsIn } from './support/events.ts';
import { writeAsFormat1 } from './support/format-1.ts';
import { printedJson, printedRun, Workspace } from './support/workspace.ts';

let workspace: Workspace;
let runId: string;
beforeAll(async () => {
  workspace = new Workspace();
  await workspace.survey('parts', { count: 8, files: 2 });
  const options = ['--data', 'parts', '--world-size', '2', '--concurrency', '1', '--no-report', '--json'];
  const ended = await workspace.cosmicai(['run', ...options]);
  runId = printedRun(ended).summary!.run_id;
  expect(printedJson(ended)).toMatchObject({ format: FORMAT });
});
afterAll(() => workspace.remove());

/** Every JSON object below a folder, and the first line of every log, by its path. */
function objectsIn(folder: string): [string, Record<string, unknown>][] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.jsonl?$/.test(name))
    .map((name): [string, unknown] => {
      const text = readFileSync(join(folder, name), 'utf8');
      return [name, JSON.parse(name.endsWith('.jsonl') ? text.split('\n', 1)[0]! : text)];
    })
    .flatMap(([name, value]) => [value].flat().map((each): [string, Record<string, unknown>] => [name, each as never]));
}

/** What Step Functions writes, or its Map's ItemReader reads, and the state machine itself, are not ours to change. */
const NOT_OURS = /(^|\/)(manifest|items|definition|(SUCCEEDED|FAILED|PENDING)_\d+)\.json$/;

/** A copy of the results without what the run did after its first rank, as a machine that failed would leave them. */
function brokenOff(name: string): string {
  const folder = workspace.path(name);
  cpSync(workspace.path('results'), folder, { recursive: true });
  for (const left of ['summary.json', 'combined_data.json', '1.json', 'predictions/1.parquet']) {
    rmSync(join(folder, 'runs', runId, left));
    rmSync(join(folder, left), { force: true });
  }
  const [directory = ''] = executionsIn(folder);
  const log = join(directory, 'events.jsonl');
  const lines = readFileSync(log, 'utf8').split('\n');
  const done = lines.findIndex((line) => line.includes('"ChildSucceeded"'));
  writeFileSync(log, `${lines.slice(0, done + 1).join('\n')}\n`);
  rmSync(join(directory, 'result.json'));
  return directory;
}

describe('the files of a run', () => {
  it('all tell their format, by their last key', () => {
    const objects = objectsIn(workspace.path('results')).filter(([name]) => !NOT_OURS.test(name));
    expect(objects.length).toBeGreaterThan(10);
    const untold = objects.filter(([, value]) => value.format !== FORMAT || Object.keys(value).at(-1) !== 'format');
    expect(untold.map(([name]) => name)).toEqual([]);
  });

  it('that tell none are read as those of the version before', async () => {
    cpSync(workspace.path('results'), workspace.path('old/results'), { recursive: true });
    writeAsFormat1(workspace.path('old'));
    expect(objectsIn(workspace.path('old')).filter(([, value]) => 'format' in value)).toEqual([]);
    const [status, report] = await Promise.all([
      workspace.inProcess(['status', 'old/results', runId, '--json']),
      workspace.inProcess(['report', 'old/results', '-o', 'old.html', '--json']),
    ]);
    expect([status, report].map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    expect(printedJson(status)).toMatchObject({ run_id: runId, samples: 8 });
    const { warnings } = printedJson(report) as { readonly warnings: readonly string[] };
    expect(warnings).toEqual([expect.stringMatching(/^2 ranks did not count requests to S3/)]);
    expect(printedJson(report)).toMatchObject({ samples: 8, notUnderstood: [] });
  });

  it('of a later version are refused by name', async () => {
    cpSync(workspace.path('results'), workspace.path('later/results'), { recursive: true });
    const folder = workspace.path('later/results/runs', runId);
    for (const name of ['0.json', 'summary.json', 'combined_data.json', 'proof.json']) {
      const text = readFileSync(join(folder, name), 'utf8');
      writeFileSync(join(folder, name), text.replaceAll(`"format": ${FORMAT}`, `"format": ${FORMAT + 1}`));
    }
    const refused = `was written by a newer CosmicAI: format ${FORMAT + 1}; this one reads up to ${FORMAT}`;
    const [rank, combined, run, list] = await Promise.all([
      workspace.inProcess(['report', join(folder, '0.json')]),
      workspace.inProcess(['report', join(folder, 'combined_data.json')]),
      workspace.inProcess(['report', folder]),
      workspace.inProcess(['status', 'later/results']),
    ]);
    for (const { code, stderr } of [rank, combined, run]) {
      expect(stderr).toContain(refused);
      expect(stderr).not.toMatch(/^ {4}at /m);
      expect(code).toBe(2);
    }
    expect(list).toMatchObject({ code: 0, stdout: expect.stringContaining(`summary.json ${refused}`) as string });
  });
});

describe('run --resume', () => {
  it('goes on with a run that the version before began', async () => {
    const results = workspace.path('results');
    const directory = brokenOff('begun');
    writeAsFormat1(workspace.path('begun'));
    // A run goes on in the folder that it was started with.
    rmSync(results, { recursive: true });
    cpSync(workspace.path('begun'), results, { recursive: true });
    const resumed = await workspace.cosmicai([
      ...['run', '--resume', directory.replace('begun', 'results'), '--json', '--no-report'],
    ]);
    expect(resumed.stderr).not.toContain('problem');
    expect(printedRun(resumed)).toMatchObject({ status: 'SUCCEEDED', summary: { samples: 8, format: FORMAT } });
    // The rank that was done before is as it was.
    expect(workspace.combined('results/combined_data.json').map(({ format }) => format)).toEqual([undefined, FORMAT]);
  });

  it('refuses a run that a later version began', async () => {
    const [directory = ''] = executionsIn(workspace.path('results'));
    const file = join(directory, 'run.json');
    const start = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...start, format: FORMAT + 1 }));
    const refused = await workspace.cosmicai(['run', '--resume', directory]);
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`${file} was written by a newer CosmicAI: format ${FORMAT + 1}`) as string,
    });
  });
});
