/** AWS's own runtime client for Node, from npm, kept for the next time. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OWN_RUNTIME, type Runtime } from '../../packages/aws-standin/src/index.ts';
import { root } from '../docs/commands.ts';

const VERSION = '4.0.2';
const INTEGRITY = 'FE5Vskx7mYNnqAnWWJXUOsLp2VGgdsJsCoRLFTa8L4Yk0QVtArqR8q58yPA++QC1a73ZWJXBQ2AH31nIAv7NOQ==';
const CACHE = join(root, 'node_modules/.cache/cosmicai');
const PACKAGE = `aws-lambda-ric@${VERSION}`;
const OPTIONS = ['--max-http-header-size', '81920'];
const run = promisify(execFile);

export interface RuntimeClient {
  readonly runtime: Runtime;
  /** What it is, in words. */
  readonly name: string;
}

/**
 * The client with its native part where that was built; `build` builds it (a minute or so: curl and aws-lambda-cpp). Without it
 * its three requests are made in JavaScript. Where npm can't be reached, the stand-in's loop.
 */
export async function runtimeClient({ build }: { readonly build: boolean }): Promise<RuntimeClient> {
  const [plain, native] = [join(CACHE, `ric-${VERSION}`), join(CACHE, `ric-${VERSION}-native`)];
  try {
    await mkdir(CACHE, { recursive: true });
    if (build && !existsSync(native)) await install(native);
    if (existsSync(native)) {
      const folder = join(native, 'node_modules/aws-lambda-ric');
      return { runtime: { folder, program: 'index.mjs', options: OPTIONS }, name: `${PACKAGE} with its native client` };
    }
    if (!existsSync(plain)) await fetchPackage(plain);
    return {
      runtime: { folder: plain, program: 'index.mjs', preload: ['without-native.cjs'], options: OPTIONS },
      name: `${PACKAGE}, whose three requests are made by Node (--full builds its native part)`,
    };
  } catch (error) {
    return {
      runtime: OWN_RUNTIME,
      name: `a loop of this repository, as ${PACKAGE} is not to be had: ${String(error)}`,
    };
  }
}

async function install(folder: string): Promise<void> {
  await inNewFolder(folder, async (made) => {
    await writeFile(join(made, 'package.json'), '{"private": true}');
    await run('npm', ['install', '--no-audit', '--no-fund', PACKAGE], { cwd: made });
    if (!existsSync(join(made, 'node_modules/aws-lambda-ric/rapid-client.node'))) throw new Error('it was not built');
  });
}

async function fetchPackage(folder: string): Promise<void> {
  await inNewFolder(folder, async (made) => {
    await run('npm', ['pack', PACKAGE], { cwd: made });
    const archive = join(made, `aws-lambda-ric-${VERSION}.tgz`);
    const digest = createHash('sha512')
      .update(await readFile(archive))
      .digest('base64');
    if (digest !== INTEGRITY) throw new Error(`npm gave another file: sha512-${digest}`);
    await run('tar', ['-xzf', archive, '--strip-components=1', 'package/index.mjs', 'package/package.json'], {
      cwd: made,
    });
    await rm(archive);
    await writeFile(join(made, 'rapid-client.node'), '');
    await writeFile(join(made, 'without-native.cjs'), WITHOUT_NATIVE);
  });
}

/** All or nothing, also where another does the same. */
async function inNewFolder(folder: string, make: (made: string) => Promise<void>): Promise<void> {
  const made = await mkdtemp(`${folder}-`);
  try {
    // Functions are another user.
    await chmod(made, 0o755);
    await make(made);
    if (!existsSync(folder)) await rename(made, folder);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

/** What the native part does, three requests, by Node's own http; the next one waits until the last has been answered. */
const WITHOUT_NATIVE = `const { Agent, request } = require('node:http');
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const root = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/invocation';
let told = Promise.resolve();
const call = (method, path, body) =>
  new Promise((resolve, reject) => {
    request(root + path, { method, agent }, async (answer) => {
      const chunks = [];
      for await (const chunk of answer) chunks.push(chunk);
      resolve({ bodyJson: Buffer.concat(chunks).toString(), headers: answer.headers });
    }).once('error', reject).end(body);
  });
const client = {
  next: async () => (await told, await call('GET', '/next')),
  done: (id, body) => void (told = call('POST', '/' + id + '/response', body)),
  error: (id, body) => void (told = call('POST', '/' + id + '/error', body)),
};
const load = require.extensions['.node'];
require.extensions['.node'] = (module, file) => {
  if (file.endsWith('/rapid-client.node')) module.exports = client;
  else load(module, file);
};
`;
