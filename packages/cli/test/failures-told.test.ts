/* How every command ends that has nothing to work on: exit code, a sentence, JSON with --json, and no folder of its own. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FORMAT } from '@cosmicai/payload';
import { cosmicaiIn } from './support/in-process.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cosmicai-told-'));
  mkdirSync(join(folder, 'empty'));
  writeFileSync(join(folder, 'text.pt'), 'no partition');
  writeFileSync(join(folder, 'no.json'), '{');
});
afterAll(() => rmSync(folder, { recursive: true }));

const cosmicai = (...args: string[]) => cosmicaiIn(folder, args);
const names = () => readdirSync(folder, { recursive: true }).map(String).sort();

/** A command line for each command that has `--json`, on what isn't there or can't be used. */
const FAILING = [
  ['run', '--data', 'gone'],
  ['run', '--data', 'gone', '--results', 'out'],
  ['run', '--data', 'empty', '--results', 'deep/down/out'],
  ['run', 'gone.json'],
  ['run', 'no.json'],
  ['run', '--resume', 'gone'],
  ['run', '--attach', 'gone'],
  ['init', '--data', 'gone', '--results', 'out'],
  ['rank', '--manifest', 'gone/runs/20260304T050607Z-01234567', '--index', '0'],
  ['rank', '--manifest', 'gone/runs/20260304T050607Z-01234567'],
  ['summarize', 'gone/runs/20260304T050607Z-01234567'],
  ['array', 'slurm', 'gone/runs/20260304T050607Z-01234567', '--out', 'made'],
  ['array', 'batch', 'gone/runs/20260304T050607Z-01234567', '--image', 'cosmicai', '--out', 'made'],
  ['array', 'kubernetes', 'gone/runs/20260304T050607Z-01234567', '--image', 'cosmicai', '--out', 'made'],
  ['array', 'image', 'registry.example.org/cosmicai:1'],
  ['array', 'image', 'oci:made', '--base', 'oci:gone'],
  ['infer', 'gone.pt'],
  ['infer', 'text.pt'],
  ['simulate', '--catalogue', 'nosuch.csv', '--out', 'made'],
  ['convert', 'gone.h5', '--out', 'made'],
  ['split', 'gone.pt', '--out', 'made'],
  ['model', 'describe', 'gone.onnx', '--spec', 'no.json', '--out', 'made.onnx'],
  ['model', 'import', 'gone.pt', '--out', 'made.onnx'],
  ['model', 'inspect', 'gone.onnx'],
  ['model', 'profile', 'gone.onnx', '--data', 'gone.pt'],
  ['model', 'quantize', 'gone.onnx', '--data', 'gone.pt', '--out', 'made.onnx'],
  ['model', 'verify', 'gone.onnx', '--against', 'gone.onnx', '--data', 'gone.pt'],
  ['bench', '--data', 'gone', '--out', 'made'],
  ['quote', 'gone.json'],
  ['quote', '--data', 'gone'],
  ['tune', '--data', 'gone', '--deadline', '60s', '--out', 'tuned.json'],
  ['tune', '--files', '3', '--budget', '0.000001', '--out', 'tuned.json'],
  ['tune', '--files', '3', '--out', 'tuned.json'],
  ['report', 'gone'],
  ['report', 'empty'],
  ['catalogue', 'gone', '--out', 'made.csv'],
  ['catalogue', 'empty', '--out', 'made.parquet'],
  ['catalogue', 'gone', '--out', 'made.doc'],
  ['catalogue', '20260304T050607Z-01234567', '--out', 'made.csv'],
  ['status', 'gone'],
  ['status', 'gone', '20260304T050607Z-01234567'],
  ['status', 'empty', '20260304T050607Z-01234567'],
  ['status'],
  ['logs', '--target', 'local', 'gone'],
  ['stop', '--target', 'local', 'gone'],
  ['verify', 'gone'],
  ['verify', 'empty'],
  ['clean', 'gone', '20260304T050607Z-01234567', '--yes'],
  ['deploy', 'Wrong Name'],
  ['remove', 'Wrong Name', '--yes'],
  ['fmi', 'ping', '--rendezvous', 'nowhere'],
  ['policy', 'runner', '--stage', 'No Stage'],
  ['policy', 'deployer', '--account', '12'],
  ['doctor', '--no-such-option'],
  ['doctor', '--stage', 'dev'],
  ['doctor', '--target', 'aws', '--store', 's3://galaxies'],
  ['doctor', '--target', 'aws', '--stage', 'No Stage'],
  ['doctor', '--target', 'aws', '--region', 'mars'],
  ['demo', '--count', 'few'],
];

it.each(FAILING.map((args) => [args]))('%j answers 2 and a sentence, as JSON too, and leaves nothing', async (args) => {
  const before = names();
  const said = await cosmicai(...args);
  expect(said).toMatchObject({ code: 2, stdout: '' });
  expect(said.stderr).toMatch(/^error: |^Error: \S/m);
  expect(said.stderr).not.toMatch(/Unexpected|\n\s+at |node:internal/);
  const { code, stdout } = await cosmicai(...args, '--json');
  expect(code).toBe(2);
  const { cause, ...rest } = JSON.parse(stdout) as { cause: string };
  expect(rest).toEqual({ error: expect.stringMatching(/Error$/) as unknown, format: FORMAT });
  expect(said.stderr.replaceAll('\n  ', '\n')).toContain(cause);
  expect(names()).toEqual(before);
});

it('every command that has --json is among them', async () => {
  const failing = new Set(
    FAILING.map(([name, part]) =>
      ['model', 'fmi', 'array', 'policy'].includes(String(name)) ? `${name} ${part}` : name,
    ),
  );
  const { stdout } = await cosmicai('--help');
  const all = [...stdout.split('Commands:')[1]!.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name]) => name!);
  const missing: string[] = [];
  for (const name of all) {
    if (name === 'help' || name === 'rendezvous') continue;
    const help = (await cosmicai(name, '--help')).stdout;
    if (!help.includes('--json') && !help.includes('\nCommands:\n')) continue;
    const inner = [...(help.split('\nCommands:\n')[1] ?? '').matchAll(/^ {2}([a-z]+)\b/gm)].map(([, part]) => part!);
    const paths = inner.filter((part) => part !== 'help').map((part) => `${name} ${part}`);
    missing.push(...(paths.length === 0 ? [name] : paths).filter((path) => !failing.has(path)));
  }
  expect(missing).toEqual([]);
});

it('a folder of results that is empty has no runs, and that is all', async () => {
  expect(await cosmicai('status', 'empty')).toEqual({ code: 0, stdout: 'No runs in empty.\n', stderr: '' });
  expect(await cosmicai('status', 'empty', '--json')).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
});
