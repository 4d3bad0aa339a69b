/* Types the commands of each folder of examples/, as its README says, in a copy of the folder. */
import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { node, port, testModel } from './onnx-models.ts';

/** Commands that are typed one after the other. */
interface Block {
  readonly commands: string;
  /** A command that fails where this machine lacks what the block needs. */
  readonly needs: string | undefined;
}

const root = join(import.meta.dirname, '..');
const examples = readdirSync(join(root, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** Stands for a clone, of which only the examples are a copy. */
const clone = mkdtempSync(join(tmpdir(), 'cosmicai-examples-'));
symlinkSync(join(root, 'packages'), join(clone, 'packages'));
const programs = join(clone, 'programs');
mkdirSync(programs);
writeFileSync(
  join(programs, 'cosmicai'),
  `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'packages/cli/src/main.ts')}' "$@"\n`,
);
chmodSync(join(programs, 'cosmicai'), 0o755);
afterAll(() => rmSync(clone, { recursive: true }));

/** What the last command of an example prints. */
const PRINTED: Readonly<Record<string, RegExp>> = {
  'own-checkpoint': /3 planned, 3 succeeded/,
  'foreign-onnx': /Samples +60/,
  'own-state-machine': /"type":"MapRunEnded"[^]*"type":"MapRunStarted"/,
  'fmi-program': /^60 galaxies \(24 \+ 24 \+ 12\) of mean magnitudes \d\d\.\d\d, /,
  'map-batches': /\b60\b/,
  'python-results': /mean \|p - z\| of 60 galaxies: (\d\.\d+); the summary says \1/,
};

it('are listed, and each says what it shows', () => {
  const list = readFileSync(join(root, 'examples/README.md'), 'utf8');
  for (const example of examples) expect(list).toContain(`[${example}](${example})`);
  expect(examples).toEqual(Object.keys(PRINTED).sort());
});

it.each(examples)('%s runs as its README says', async (example) => {
  const folder = join(clone, 'examples', example);
  cpSync(join(root, 'examples', example), folder, { recursive: true });
  const blocks = blocksOf(readFileSync(join(folder, 'README.md'), 'utf8'));
  expect(blocks.length).toBeGreaterThan(1);
  let printed = '';
  for (const { commands, needs } of blocks) {
    const lacks = needs === undefined ? undefined : await type(needs, folder).then(() => undefined, String);
    if (lacks !== undefined)
      console.warn(`SKIPPED: ${commands.trim()} of examples/${example}: it needs ${String(needs)}.`);
    else printed = await type(commands, folder);
  }
  expect(printed).toMatch(PRINTED[example] ?? /^$/);
});

it('the foreign network is a small one of the tests', () => {
  const network = testModel({
    image: port('pixels', 'float', 'n', 5, 32, 32),
    magnitudes: port('mags', 'float', 'n', 5),
    outputs: [port('z_phot', 'float', 'n', 1)],
    answer: [node('Identity', ['z'], 'z_phot')],
  });
  expect(readFileSync(join(root, 'examples/foreign-onnx/network.onnx')).equals(network)).toBe(true);
});

function blocksOf(markdown: string): Block[] {
  const found = markdown.matchAll(/(?:^<!-- needs: (.*) -->\n\n)?^```sh\n([^]*?)^```/gm);
  return [...found].map(([, needs, commands = '']) => ({ commands, needs }));
}

/** @returns what is printed to the standard output. @throws Error with what is printed, where a command fails */
async function type(commands: string, cwd: string): Promise<string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE_(?!COMPILE_CACHE)|INIT_CWD|COSMICAI_|JEST_)/i.test(name),
  );
  const path = [programs, dirname(process.execPath), ...(process.env.PATH ?? '').split(delimiter)];
  const env = { ...Object.fromEntries(kept), PATH: path.join(delimiter) };
  const { stdout } = await promisify(execFile)('bash', ['-eo', 'pipefail', '-c', commands], { cwd, env });
  return stdout;
}
