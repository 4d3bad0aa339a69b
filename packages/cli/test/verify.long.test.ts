import { modelOfRecord } from '@cosmicai/local';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, renameSync, statSync, utimesSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { verifyRun, type Verification } from '@cosmicai/runs';
import { openStore } from '@cosmicai/store';
import { printedRun, Workspace, printedJson } from './support/workspace.ts';

/** Of each kind of file several, and no more: for every file of a run all of them are read again. */
const RANKS = 4;
let workspace: Workspace;
let runId: string;
let directory: string;

beforeAll(async () => {
  workspace = new Workspace();
  await workspace.survey('parts', { count: 3 * RANKS, files: RANKS });
  const run = await workspace.cosmicai([
    ...['run', '--data', 'parts', '--world-size', String(RANKS), '--json', '--no-report'],
  ]);
  const printed = printedRun(run);
  runId = printed.summary!.run_id;
  directory = printed.directory;
}, 180_000);
afterAll(() => workspace.remove());

/** As the command does, without a process for each. */
function verify(): Promise<Verification> {
  const bucket = pathToFileURL(workspace.folder).href;
  return verifyRun({
    place: { bucket, resultPath: 'results', runId },
    openData: (task) => openStore(task.DATA_BUCKET),
    modelSha256: (record) => modelOfRecord(record, directory, openStore),
  });
}

/** Changes one byte in place, in the middle of the file, and gives back what undoes it, times included. */
function withOneByteChanged(path: string, share: number, keepTime: boolean): () => void {
  const { atime, mtime, size } = statSync(path);
  const at = Math.floor(size * share);
  const flip = () => {
    const file = openSync(path, 'r+');
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, at);
    writeSync(file, Buffer.of(byte[0]! ^ 1), 0, 1, at);
    closeSync(file);
  };
  flip();
  // utimes cuts what is finer than a microsecond, so that the etag would change with it.
  const reference = `${path}.time`;
  if (keepTime) execFileSync('touch', ['-r', reference, path]);
  return () => {
    flip();
    utimesSync(path, atime, mtime);
    execFileSync('touch', ['-r', reference, path]);
  };
}

/** Without what the command writes of a run for its reader, as the report is: it says nothing that the proof is about. */
const filesOfRun = () =>
  execFileSync('find', [join(workspace.folder, 'results'), '-type', 'f', '-not', '-path', '*/executions/*'])
    .toString()
    .trim()
    .split('\n')
    .filter((path) => basename(path) !== 'bill.json')
    .sort();

describe('cosmicai verify', () => {
  it('says that all is as the run left it', async () => {
    const { code, stdout } = await workspace.inProcess(['verify', 'results']);

    expect(stdout).toContain(
      `Run ${runId}: 12 of 12 galaxies, each once; 1 model; 8 of 8 files unchanged\nRead and compared: 5 inputs, `,
    );
    expect(stdout).toContain('All is as the run left it.');
    expect(code).toBe(0);
  });

  it('finds a change of one byte in any input or output, and names the file', async () => {
    const outputs = filesOfRun();
    const inputs = [...workspace.names('parts').map((name) => workspace.path('parts', name)), workspace.modelPath];
    // Results, predictions and hashes of each rank, the published copies, and the files of the run as a whole.
    expect(outputs.length).toBeGreaterThanOrEqual(4 * RANKS + 8);
    expect((await verify()).findings).toEqual([]);
    const unfound: string[] = [];
    for (const [place, path] of [...outputs, ...inputs].entries()) {
      execFileSync('touch', ['-r', path, `${path}.time`]);
      const undo = withOneByteChanged(path, ((place * 0.618) % 0.98) + 0.01, false);
      const { findings } = await verify();
      undo();
      const name = path === workspace.modelPath ? 'The model' : path.slice(workspace.folder.length + 1);
      const isNamed = findings.some(({ what }) => what === name || name.endsWith(`parts/${what}`));
      if (!isNamed) unfound.push(`${name}: ${JSON.stringify(findings)}`);
      execFileSync('rm', [`${path}.time`]);
    }
    expect(unfound).toEqual([]);
    expect((await verify()).findings).toEqual([]);
  }, 600_000);

  it('finds bits that rot in a partition, which change neither size nor time', async () => {
    const path = workspace.path('parts', '3.pt');
    execFileSync('touch', ['-r', path, `${path}.time`]);
    const undo = withOneByteChanged(path, 0.5, true);
    const { findings } = await verify();
    undo();
    execFileSync('rm', [`${path}.time`]);

    expect(findings).toEqual([
      { what: '3.pt', mend: 'restore', problem: expect.stringMatching(/^is damaged: .*3\.pt/) },
    ]);
  });

  it.each(['manifest.json', 'run.json'])('finds that %s of the plan is gone, which a new run mends', async (name) => {
    const path = workspace.path('results', 'runs', runId, name);
    renameSync(path, `${path}.away`);
    const { findings } = await verify();
    renameSync(`${path}.away`, path);

    expect(findings).toContainEqual({ what: `results/runs/${runId}/${name}`, problem: 'is gone', mend: 'replan' });
    expect((await verify()).findings).toEqual([]);
  });

  it('names the command that mends, which mends it', async () => {
    const predictions = workspace.path('results', 'runs', runId, 'predictions', '2.parquet');
    const before = readFileSync(predictions);
    execFileSync('cp', [workspace.path('results', 'runs', runId, 'predictions', '3.parquet'), predictions]);
    const found = await workspace.inProcess(['verify', `results/runs/${runId}`, '--json']);
    expect(found.code).toBe(1);
    expect(printedJson(found)).toMatchObject({ findings: [{ what: `results/runs/${runId}/predictions/2.parquet` }] });
    const told = await workspace.inProcess(['verify', 'results']);
    expect(told.stdout).toContain(`cosmicai run --resume ${directory}`);

    const resumed = await workspace.cosmicai(['run', '--resume', directory, '--json', '--no-report']);

    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain('Ranks that run again, as nothing whole is left of them:\n  rank 2: ');
    expect(readFileSync(predictions).equals(before)).toBe(true);
    expect((await verify()).findings).toEqual([]);
  });
});
