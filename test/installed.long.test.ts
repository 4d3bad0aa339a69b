/*
 * What a stranger does: installs the packed command in a folder without a clone and uses it, and imports packages from a project
 * of their own, by the commands of docs/installing.md. Third-party packages come from npm's cache or its registry.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { appendFile, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ownDependencies, publicPackages, root } from '../scripts/packages.ts';
import { pages } from './docs/pages.ts';

const MB = 1e6;
const WITHOUT_NETWORK =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|SELF_SIGNED_CERT_IN_CHAIN/;

const folder = await mkdtemp(join(tmpdir(), 'cosmicai-installed-'));
const prefix = join(folder, 'prefix');
/** npm's settings of this user. */
const NPM = {
  npm_config_prefix: prefix,
  npm_config_prefer_offline: 'true',
  npm_config_audit: 'false',
  npm_config_fund: 'false',
};
/** The Node that users have: 20 where this machine has one, by which the command starts itself on the Node 24 that it brings. */
const node = nodeOfThisMachine();
const [packing = '', installing = '', using = '', installingPackages = '', ...others] = commandsOfThePage();
if (others.length > 0) throw new Error(`docs/installing.md has commands that nobody runs: ${others.join('; ')}`);
const tarballs = await packed();
const command = await given('cosmicai');
const packageFolder = join(prefix, 'lib/node_modules/cosmicai');
const reason = await install(installing);
if (reason !== undefined) console.warn(`The installed command is not tested: ${reason}`);
const withNpm = reason === undefined ? describe : describe.skip;

afterAll(() => rm(folder, { recursive: true, force: true }));

it('the tarball is below 60 MB', () => {
  expect(statSync(command).size).toBeLessThan(60 * MB);
});

withNpm(`the installed command, on ${(await run(node, ['--version'], folder)).stdout.trim()}`, () => {
  const home = join(folder, 'home');
  const below = join(home, 'below');
  beforeAll(() => mkdir(below, { recursive: true }));

  it('brings the binaries that this machine and functions on Lambda need, and no others', async () => {
    const binaries = join(packageFolder, 'node_modules/onnxruntime-node/bin/napi-v6');
    const found = (await readdir(binaries, { recursive: true })).filter((name) => name.endsWith('.node'));
    const here = `${process.platform}/${process.arch}/onnxruntime_binding.node`;
    const ofLambda = ['x64', 'arm64'].map((architecture) => `linux/${architecture}/onnxruntime_binding.node`);
    expect(new Set(found)).toEqual(new Set([...ofLambda, here]));
  });

  it('runs the demo in an empty folder', async () => {
    const { stdout } = await type(`${using} --count 512 --world-size 2`, home);
    expect(stdout).toContain('2 planned, 2 succeeded, 0 without data, 0 failed');
    expect(existsSync(join(home, 'cosmicai-demo/partitions/1.pt'))).toBe(true);
  });

  it('takes paths relative to where the user stands', async () => {
    const data = '../cosmicai-demo/partitions';
    const { stdout } = await cosmicai(
      ['run', '--data', data, '--world-size', '2', '--results', 'out', '--fmi', '--json'],
      below,
    );
    expect(JSON.parse(stdout)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await readdir(join(below, 'out'))).toContain('combined_data.json');
    await cosmicai(['report', 'out', '--out', 'page.html'], below);
    expect(existsSync(join(below, 'page.html'))).toBe(true);
    const inferred = await cosmicai(['infer', `${data}/1.pt`, '--out', 'z.csv', '--json'], below);
    expect(JSON.parse(inferred.stdout)).toHaveProperty('samples');
    expect(await readFile(join(below, 'z.csv'), 'utf8')).toMatch(/^\S*redshift|^\S*pred/i);
  });

  it.each([
    [['model', 'inspect', '--json'], /astromae|AstroMAE/],
    [['quote', '--files', '3'], /bill/],
    [['deploy', '--help'], /config\/<stage>\.yml/],
    [['rendezvous', '--help'], /--health-port/],
  ])('%j works', async (args, expected) => {
    const model = join(packageFolder, 'node_modules/@cosmicai/demo-model/astromae-demo.onnx');
    const { stdout } = await cosmicai(args[1] === 'inspect' ? [...args, model] : args, below);
    expect(stdout).toMatch(expected);
  });

  it('reads the files of stages where the user stands', async () => {
    await mkdir(join(below, 'config'), { recursive: true });
    await writeFile(join(below, 'config/mine.yml'), 'regoin: eu-central-1\n');
    const deploying = cosmicai(['deploy', 'mine'], below);
    await expect(deploying).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`${join(below, 'config/mine.yml')}: unknown option "regoin"`) as unknown,
    });
  });

  it('writes a file of options for a stage, which it then reads, and brings that of the stand-in', async () => {
    const { stdout } = await cosmicai(['deploy', 'survey', '--write-options', '--json'], below);
    expect(JSON.parse(stdout)).toMatchObject({ stage: 'survey', file: join(below, 'config/survey.yml') });
    await appendFile(join(below, 'config/survey.yml'), 'log_retention_days: soon\n');
    await expect(cosmicai(['deploy', 'survey'], below)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('survey.yml: "log_retention_days" must be a number') as unknown,
    });
    expect(existsSync(join(packageFolder, 'node_modules/@cosmicai/deploy/dist/product/config/local.yml'))).toBe(true);
  });

  it('packs the stacks that it deploys, with the demo model in its function', async () => {
    const stacks = join(packageFolder, 'node_modules/@cosmicai/deploy/dist/stage/stacks.js');
    const brought = join(packageFolder, 'node_modules/node/bin/node');
    const { stdout } = await run(brought, ['--input-type=module', '-e', PACKING, stacks], below);
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining(['cloudformation-template-update-stack.json', 'inference.zip']),
    );
  });

  it('says in one sentence what to do where the Node that it brings was not installed', async () => {
    if (!(await run(node, ['--version'], folder)).stdout.startsWith('v20.')) return;
    const brought = join(packageFolder, 'node_modules/node/bin');
    await rename(brought, `${brought}-away`);
    try {
      await expect(cosmicai(['--version'], home)).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          /^cosmicai runs on Node 22\.14 or newer, this is v20\.[^\n]* install a newer Node[^\n]*\n$/,
        ) as unknown,
      });
    } finally {
      await rename(`${brought}-away`, brought);
    }
  });
});

withNpm('the packages, in a project of their own', () => {
  it('are imported with their types, read a partition, run the program of the README and have suites for others', async () => {
    const project = join(folder, 'project');
    await mkdir(project);
    await writeFile(join(project, 'package.json'), '{"type": "module"}');
    // First what the page names, then what else the program imports.
    for (const name of closure(['@cosmicai/torchfile'])) await given(name, project);
    expect(await install(installingPackages, project)).toBeUndefined();
    expect(await readdir(join(project, 'node_modules/@cosmicai'))).toEqual(
      closure(['@cosmicai/torchfile'])
        .map((name) => name.replace('@cosmicai/', ''))
        .sort(),
    );
    const more = await Promise.all(closure(['@cosmicai/torchfile', '@cosmicai/fmi']).map((name) => given(name)));
    expect(await install(`npm install ${more.join(' ')}`, project)).toBeUndefined();
    await writeFile(join(project, 'program.ts'), await program());
    const compilerOptions = {
      ...{ strict: true, target: 'es2022', module: 'nodenext', lib: ['es2023', 'esnext.disposable'] },
      ...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')], skipLibCheck: true },
    };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], project);
    const partition = join(folder, 'home/cosmicai-demo/partitions');
    const { stdout } = await run(node, ['program.js', partition], project);
    expect(JSON.parse(stdout)).toEqual({
      images: [2, 5, 32, 32].reduce((a, b) => a * b),
      sums: [3, 1],
      reports: [
        { rank: 0, hostname: 'here' },
        { rank: 1, hostname: 'here' },
      ],
      suites: ['describeChannel', 'describeStore'],
    });
  }, 600_000);
});

/** `sls package` in the folder where deploying would run it; nothing listens where AWS should be. */
const PACKING = `
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
const { FRAMEWORK, openStacks } = await import(process.argv[1]);
const stacks = await openStacks();
const env = { ...process.env, AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_EC2_METADATA_DISABLED: 'true' };
for (const stack of ['.', 'services/inference']) {
  const cwd = join(stacks.folder, stack);
  execFileSync(process.execPath, [FRAMEWORK, 'package', '--stage', 'dev'], { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] });
  for (const name of readdirSync(join(cwd, '.serverless')))
    if (name !== 'inference.zip' || statSync(join(cwd, '.serverless', name)).size > 30e6) console.log(name);
}
await stacks[Symbol.asyncDispose]();
`;

/** Reads two galaxies of a partition; two ranks do what packages/fmi/README.md shows, at a server of their own. */
async function program(): Promise<string> {
  const readme = await readFile(join(root, 'packages/fmi/README.md'), 'utf8');
  const [, shown = ''] = /```ts\n(import [\s\S]*?)```/.exec(readme) ?? [];
  const [, imports = '', body = ''] = /^((?:import .*\n)+)([\s\S]*)$/.exec(shown) ?? [];
  const here = body
    .replace("{ host: 'rendezvous.example.org', port: 10_000 }", "{ host: '127.0.0.1', port: server.port }")
    .replace('\n} catch', '\n  if (sums !== undefined) Object.assign(result, { sums: [...sums], reports });\n} catch');
  return `${imports}
import { describeChannel } from '@cosmicai/fmi/conformance';
import { startRendezvous } from '@cosmicai/rendezvous';
import { fileStore } from '@cosmicai/store';
import { describeStore } from '@cosmicai/store/conformance';
import { openPartition, storeSource } from '@cosmicai/torchfile';

const result = {};
const partition = await openPartition(await storeSource(fileStore(process.argv[2] ?? ''), '1.pt'));
for await (const { images } of partition.batches({ size: 2 })) {
  Object.assign(result, { images: images.length });
  break;
}
const secret = 'a secret of more than thirty-two bytes';
const server = await startRendezvous({ secrets: [secret], host: '127.0.0.1', port: 0, healthPort: 0 });
const [runId, worldSize, hostname, store] = ['installed', 2, 'here', fileStore('world')];
async function member(rank: number): Promise<void> {
  const [count, sumOfErrors] = [rank + 1, 0.5];
${here}
}
await Promise.all([0, 1].map(member));
await server.close(0);
const suites = [describeChannel, describeStore].map(({ name }) => name);
console.log(JSON.stringify({ ...result, suites }));
`;
}

/** Commands that docs/installing.md leaves to this test, in order. */
function commandsOfThePage(): string[] {
  const { blocks } = pages().get('docs/installing.md')!;
  return blocks.filter(({ mark }) => mark.by === 'test/installed.long.test.ts').flatMap(({ commands }) => commands);
}

/** Tarballs by the names of their packages, which the clone then has in `dist`. */
async function packed(): Promise<ReadonlyMap<string, string>> {
  await type(packing, root);
  const files = publicPackages().map(({ description: { name, version } }) => {
    const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
    return [name, join(root, 'dist', file)] as const;
  });
  return new Map(files);
}

/** Puts a package's tarball where its user stands. */
async function given(name: string, to = folder): Promise<string> {
  const tarball = tarballs.get(name)!;
  await copyFile(tarball, join(to, basename(tarball)));
  return join(to, basename(tarball));
}

/** Names of packages and of all that they need of this repository. */
function closure(names: readonly string[]): string[] {
  const all = new Map(publicPackages().map(({ description }) => [description.name, description]));
  const found = new Set(names);
  for (const name of found) for (const needed of ownDependencies(all.get(name)!)) found.add(needed);
  return [...found];
}

async function cosmicai(args: readonly string[], cwd: string) {
  return await run(join(prefix, 'bin/cosmicai'), args, cwd);
}

/** @returns why it can't be done here: there is no way to npm's registry. @throws whatever else is wrong */
async function install(line: string, cwd = folder): Promise<string | undefined> {
  try {
    await type(line, cwd);
    return undefined;
  } catch (error) {
    const { stderr } = error as { readonly stderr: string };
    if (!WITHOUT_NETWORK.test(stderr)) throw error;
    return `npm can't reach its registry (${WITHOUT_NETWORK.exec(stderr)?.[0]}).`;
  }
}

/** A line of a page, typed by somebody whose npm installs commands into a folder of theirs. */
async function type(line: string, cwd: string) {
  return await run('sh', ['-c', line], cwd, { ...NPM, PATH: pathWith(join(prefix, 'bin'), dirname(node)) });
}

/** As from a shell of the user's: nothing of this repository, nor of the npm or pnpm that started the tests. */
async function run(program: string, args: readonly string[], cwd: string, more: Record<string, string> = {}) {
  const kept = Object.entries(process.env).filter(
    // Whom the machine's Node trusts is not for the tests to say: the registry may be behind a proxy.
    ([name]) => !/^(npm_|NODE_(?!EXTRA_CA_CERTS$)|INIT_CWD|CI$|COSMICAI_|JEST_)/i.test(name),
  );
  const env = { ...Object.fromEntries(kept), PATH: pathWith(dirname(node)), ...more };
  return await promisify(execFile)(program, args, { cwd, env, maxBuffer: 100 * MB });
}

function pathWith(...first: string[]): string {
  return [...first, ...foldersOfPath()].join(delimiter);
}

function foldersOfPath(): string[] {
  return (process.env.PATH ?? '').split(delimiter).filter((name) => !name.includes('node_modules'));
}

function nodeOfThisMachine(): string {
  const found = foldersOfPath()
    .map((name) => join(name, 'node'))
    .find((path) => isProgram(path));
  return found ?? process.execPath;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
