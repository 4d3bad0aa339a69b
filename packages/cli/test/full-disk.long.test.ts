import { readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { mountDisk, whyNoSmallDisk, type SmallDisk } from '../../../test/small-disk.ts';
import type { Ended } from './support/cosmicai.ts';
import { eventOf, eventsIn, ofType } from './support/events.ts';
import { Workspace } from './support/workspace.ts';

const reason = whyNoSmallDisk();
if (reason !== undefined) console.warn(`Full disks are not tested: ${reason}`);
const withDisk = reason === undefined ? it : it.skip;

let workspace: Workspace;
let disk: SmallDisk | undefined;
beforeAll(async () => {
  workspace = new Workspace();
  await workspace.survey('parts');
  await workspace.surveyWithLongRank('long');
  if (reason === undefined) disk = mountDisk(64);
});
afterEach(() => disk?.setReadOnly(false));
afterAll(() => {
  disk?.remove();
  workspace.remove();
});

const RUN = ['--world-size', '4', '--batch-size', '8', '--concurrency', '1', '--no-report'];
const FULL = 'the disk is full (ENOSPC). Free some space.';

/** The words of the command that the last line says to go on with. */
function goOn({ stderr }: Ended): string[] {
  const lines = stderr.trimEnd().split('\n');
  const [, command] = /^Once that is mended, go on with: cosmicai (.*)$/.exec(lines.at(-1)!) ?? [];
  if (command === undefined) throw new Error(`No command to go on with in: ${stderr}`);
  // One sentence before it, and nothing that only a programmer understands.
  expect(lines.at(-2)).toMatch(/^Error: \S.*\.$/);
  expect(stderr).not.toMatch(/^\s+at |Unexpected/m);
  return command.split(' ');
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function usedKiB(folder: string): number {
  const { blocks, bfree, bsize } = statfsSync(folder);
  return ((blocks - bfree) * bsize) / 1024;
}

/** What the ranks of the newest run in a results folder left beside their results, byte for byte. */
function predicted(results: string, run: string): Buffer[] {
  const files = [0, 1, 2, 3].flatMap((rank) => [
    `predictions/${rank}.parquet`,
    `hashes/${rank}.u64`,
    `reductions/${rank}.bin`,
  ]);
  return files.map((file) => readFileSync(join(results, 'runs', run, file)));
}

function runIdIn(directory: string): string {
  return /"run_id":"([^"]+)"/.exec(readFileSync(join(directory, 'events.jsonl'), 'utf8'))![1]!;
}

describe('a disk that is full', () => {
  withDisk('in the middle of a run: it stops, and goes on to the same bytes once there is room', async () => {
    const { folder, fill, drain, resize } = disk!;
    resize(4096);
    const results = join(folder, 'midway');
    const run = workspace.start(['run', '--data', 'long', ...RUN, '--results', results]);
    const atWork = ofType('FunctionStarted', { in: 'Infer[2]' });
    const { directory } = await eventOf(results, run.ended, atWork);
    fill();
    const stopped = await run.ended;

    expect(stopped.code).toBe(1);
    expect(stopped.stderr).toContain(FULL);
    const command = goOn(stopped);
    expect(command).toEqual(['run', '--resume', directory]);
    const pids = eventsIn(directory)
      .filter(ofType('FunctionStarted'))
      .map(({ pid }) => pid!);
    expect(pids.filter(isRunning)).toEqual([]);

    drain();
    const [resumed, whole] = [
      await workspace.cosmicai([...command, '--no-report']),
      await workspace.cosmicai(['run', '--data', 'long', ...RUN, '--results', 'whole', '--json']),
    ];
    expect(resumed).toMatchObject({ code: 0 });
    const kept = eventsIn(directory)
      .filter(ofType('ChildKept'))
      .map(({ index }) => index);
    expect(kept).toEqual([0, 1]);
    const { directory: other } = JSON.parse(whole.stdout) as { directory: string };
    expect(predicted(results, runIdIn(directory))).toEqual(predicted(workspace.path('whole'), runIdIn(other)));
  });

  // From the first file of the execution to the last of the run.
  withDisk.each([8, 20, 28, 48, 88, 128])('after %i KiB of a run: it says how to go on, and does', async (size) => {
    const results = join(disk!.folder, `r${size}`);
    disk!.resize(4096);
    const used = usedKiB(disk!.folder);
    disk!.resize(used + size);
    const stopped = await workspace.cosmicai(['run', '--data', 'parts', ...RUN, '--results', results]);
    expect(stopped).toMatchObject({ code: 1, stderr: expect.stringContaining(FULL) as string });
    const command = goOn(stopped);

    disk!.resize(4096);
    const resumed = await workspace.cosmicai([...command, ...(command.includes('--resume') ? ['--no-report'] : [])]);
    expect(resumed).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync(join(results, 'summary.json'), 'utf8'))).toMatchObject({ samples: 60 });
  });

  withDisk('under the report of a run: the run is printed, and the report made afterwards', async () => {
    disk!.resize(4096);
    disk!.resize(usedKiB(disk!.folder) + 240);
    const results = join(disk!.folder, 'page');
    const run = await workspace.cosmicai(['run', '--data', 'parts', ...RUN.slice(0, -1), '--results', results]);
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(/^Run +\S+: SUCCEEDED$/m);
    expect(run.stdout).not.toContain('report.html');
    expect(run.stderr).toMatch(/^Error: Could not write ".*report\.html" in .*: the disk is full/m);
    const report = await workspace.cosmicai([...goOn(run), '-o', 'made.html']);
    expect(report).toMatchObject({ code: 0 });
    expect(workspace.text('made.html')).toContain('<html');
  });

  withDisk('under what other commands write: they say so, and print what they know', async () => {
    const { folder } = disk!;
    disk!.resize(4096);
    disk!.fill();

    const commands = [
      ['simulate', '--count', '10', '--out', join(folder, 's')],
      ['split', 'parts/1.pt', '--partition-size', '100KB', '--out', join(folder, 'p')],
      ['report', 'results', '-o', join(folder, 'report.html')],
    ];
    await workspace.cosmicai(['run', '--data', 'parts', ...RUN, '--results', 'results']);
    for (const command of commands) {
      const end = await workspace.cosmicai(command);
      expect(end).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(FULL) as string });
      expect(goOn(end)).toEqual(command);
    }
    disk!.drain();
    const begun = ['infer', 'long/3.pt', '--out', join(folder, 'x.csv')];
    disk!.resize(usedKiB(folder) + 8);
    const end = await workspace.cosmicai(begun);
    expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining(FULL) as string });
    expect(end.stdout).toMatch(/^Samples +500$/m);
    expect(goOn(end)).toEqual(begun);
  });
});

describe('a folder that can only be read', () => {
  withDisk('is told before the work, by every command that writes', async () => {
    const { folder, setReadOnly } = disk!;
    setReadOnly(true);
    for (const command of [
      ['run', '--data', 'parts', '--results', join(folder, 'ro')],
      ['infer', 'parts/1.pt', '--out', join(folder, 'ro.csv')],
      ['simulate', '--count', '10', '--out', join(folder, 'ro')],
      ['split', 'parts/1.pt', '--out', join(folder, 'ro')],
    ]) {
      const end = await workspace.cosmicai(command);
      expect(end).toMatchObject({ code: 2, stdout: '' });
      expect(end.stderr).toMatch(/can't be written to .*: the file system can only be read \(EROFS\)\. Name another/);
      expect(goOn(end)).toEqual(command);
    }
  });
});

describe('a limit to the size of files (ulimit -f)', () => {
  const LIMIT = 'the file would be larger than files may be (EFBIG). Raise the limit (ulimit -f).';
  const linux = process.platform === 'linux' ? it : it.skip;

  linux('ends a run in a sentence; it goes on without the limit', async () => {
    const run = ['run', '--data', 'parts', ...RUN, '--results', 'limited'];
    const stopped = await workspace.cosmicai(run, { fileBlocks: 40 });
    expect(stopped).toMatchObject({ code: 1, stderr: expect.stringContaining(LIMIT) as string });
    const command = goOn(stopped);
    expect(command.slice(0, 2)).toEqual(['run', '--resume']);
    const resumed = await workspace.cosmicai([...command, '--no-report', '--json']);
    expect(resumed).toMatchObject({ code: 0 });
    expect(workspace.summary('limited', 'summary.json')).toMatchObject({ status: 'SUCCEEDED', samples: 60 });
  });

  linux('ends other commands in a sentence', async () => {
    for (const [blocks, ...command] of [
      [2, 'infer', 'long/3.pt', '--out', 'limited.csv'],
      [100, 'simulate', '--count', '10', '--out', 'limited'],
      [100, 'split', 'long/3.pt', '--out', 'limited'],
    ] as const) {
      const end = await workspace.cosmicai(command, { fileBlocks: blocks });
      expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining(LIMIT) as string });
      expect(goOn(end)).toEqual(command);
    }
  });
});
