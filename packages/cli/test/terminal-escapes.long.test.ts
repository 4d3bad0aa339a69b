import { cpSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { withMetadata } from '@cosmicai/inference';
import { progress } from '../src/output/progress.ts';
import { formatLines, formatPairs, formatTable } from '../src/output/table.ts';
import { printBlock, printLine, terminalOf } from '../src/output/terminal.ts';
import type { Ended } from './support/cosmicai.ts';
import { printedJson, Workspace } from './support/workspace.ts';

/** Clears the screen, turns what follows around, and begins a line of its own. */
const NAME = '\u001b[2J\u202efdp\nError: all is lost\u009b2J.pt';
const SHOWN = String.raw`\u001b[2J\u202efdp`;

/** What no terminal and no reader of a page may get from data. */
const OBEYED = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/u;

const workspace = new Workspace();
afterAll(() => workspace.remove());

function expectShown({ stdout, stderr }: Ended): void {
  expect(stdout + stderr).not.toMatch(OBEYED);
  expect(stdout + stderr).toContain(SHOWN);
  // No line of what is printed is one that the name made up.
  expect(stdout + stderr).not.toMatch(/^Error: all is lost/m);
}

describe('a partition whose name steers terminals', () => {
  beforeAll(async () => {
    await workspace.survey('data', { count: 30, files: 2 });
    renameSync(workspace.path('data', '1.pt'), workspace.path('data', `1${NAME}`));
    renameSync(workspace.path('data', '2.pt'), workspace.path('data', `2${NAME}`));
    truncateSync(workspace.path('data', `2${NAME}`), 100_000);
  });

  it('is shown by infer, with its true name in JSON', async () => {
    const good = workspace.path('data', `1${NAME}`);
    const told = await workspace.cosmicai(['infer', good, good, '--max-flagged', '100']);
    expect(told.code).toBe(0);
    expectShown(told);
    const json = await workspace.cosmicai(['infer', good, good, '--max-flagged', '100', '--json']);
    expectShown(json);
    expect(JSON.stringify(printedJson(json))).toContain(JSON.stringify(NAME).slice(1, -1));
    const damaged = await workspace.cosmicai(['infer', workspace.path('data', `2${NAME}`)]);
    expect(damaged.code).toBe(2);
    expectShown(damaged);
    expectShown(await workspace.cosmicai(['infer', `none${NAME}`]));
  }, 240_000);

  it('is shown by run, status and report, and by the page', async () => {
    const payload = {
      bucket: `file://${workspace.folder}`,
      data_bucket: `file://${workspace.path('data')}`,
      tolerated_failure_percentage: 60,
    };
    writeFileSync(workspace.path('payload.json'), JSON.stringify({ ...payload, world_size: 2, result_path: 'out' }));
    const run = await workspace.cosmicai(['run', 'payload.json']);
    expectShown(run);
    expect(run.stdout).toMatch(/^Failed ranks:\nrank \d .*\\u001b/m);
    const { run_id: runId, failed_ranks: failed } = workspace.summary('out', 'summary.json');
    expect(failed[0]?.data_path).toEqual([`2${NAME}`]);
    expectShown(await workspace.inProcess(['status', 'out', runId]));
    const json = await workspace.inProcess(['status', 'out', runId, '--json']);
    expectShown(json);
    expect(printedJson(json)).toMatchObject({ failed_ranks: [{ data_path: [`2${NAME}`] }] });

    const page = workspace.path(`page${NAME}.html`);
    expectShown(await workspace.inProcess(['report', 'out', '--out', page]));
    const html = readFileSync(page, 'utf8');
    expect(html).not.toMatch(OBEYED);
    expect(html).toContain(SHOWN);
    expectShown(await workspace.inProcess(['report', 'out', '--json']));
  }, 240_000);

  it('is shown as a run’s folder too', async () => {
    cpSync(workspace.path('out', 'runs'), workspace.path('others', 'runs', NAME, '..'), { recursive: true });
    const [run] = workspace.names('others', 'runs').filter((name) => !name.includes('\u001b'));
    renameSync(workspace.path('others', 'runs', run!), workspace.path('others', 'runs', NAME));
    expectShown(await workspace.inProcess(['status', 'others']));
  });
});

it('a model whose metadata and names steer terminals are shown by model inspect', async () => {
  const path = workspace.path('odd.onnx');
  writeFileSync(path, withMetadata(readFileSync(workspace.modelPath), NAME, NAME));
  const told = await workspace.inProcess(['model', 'inspect', path]);
  expectShown(told);
  expect(told.stdout).toMatch(/^Metadata .*\\u202efdp\\u000aError: all is lost\\u009b2J\.pt/m);
  const json = await workspace.inProcess(['model', 'inspect', path, '--json']);
  expectShown(json);
  expect(printedJson(json)).toMatchObject({ metadata: { [NAME]: NAME } });
});

it('wrong use is shown, in the words of the library that reads command lines', async () => {
  const end = await workspace.inProcess([`--${NAME}`]);
  expect(end.code).toBe(2);
  expect(end.stderr).not.toMatch(OBEYED);
});

describe('a terminal', () => {
  let printed = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      printed += chunk.toString();
      done();
    },
  });
  const terminal = (interactive: boolean) =>
    terminalOf(
      { stdout: stream, stderr: stream },
      { interactive, environment: {}, cwd: '/', signal: new AbortController().signal },
    );
  beforeEach(() => (printed = ''));

  it('keeps lines and tabs, and shows everything else that is not text', () => {
    printBlock(terminal(false).stdout, 'a\tb\nc\rd\u007fe\u0085f\u2028g\u200eh\u2066i\u061cj\ufeffk\u{e0041}é語');
    expect(printed).toBe('a\tb\nc\\u000dd\\u007fe\\u0085f\\u2028g\\u200eh\\u2066i\\u061cj\\ufeffk\\udb40\\udc41é語\n');
    // As JSON escapes it, in planes above the first too.
    expect(JSON.parse('"\\udb40\\udc41"')).toBe('\u{e0041}');
  });

  it('prints a line where one is meant', () => {
    printLine(terminal(false).stderr, `There is no ${NAME}.`);
    expect(printed).toBe(`There is no ${SHOWN}\\u000aError: all is lost\\u009b2J.pt.\n`);
  });

  it('draws progress over itself, and nothing of a name', () => {
    const bar = progress(terminal(true), 'Reading');
    bar.update(1, 2, NAME);
    bar.done();
    expect(printed.split('\r\u001b[2K')).toEqual(['', expect.stringContaining(SHOWN), '']);
  });

  it('keeps every name in its cell and every message in its place', () => {
    const columns = [
      { title: 'name', align: 'left' as const, cell: () => NAME },
      { title: 'n', cell: () => '1' },
    ];
    expect(formatTable(columns, [1, 2]).split('\n')).toHaveLength(3);
    expect(formatPairs([['Name', NAME]]).split('\n')).toHaveLength(1);
    expect(formatLines(['one', 'two\nof them\n  set in'])).toBe('one\ntwo\n  of them\n  set in');
  });
});
