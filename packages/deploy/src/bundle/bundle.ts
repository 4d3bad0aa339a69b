import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { NO_TELEMETRY } from '@cosmicai/payload/no-telemetry';
import type { Metafile, Plugin } from 'esbuild';
import { inRepository, root } from '../root.ts';
import { isBuiltin, lighterStart } from './lighter-start.ts';

/** Packages with native code: loaded from node_modules at run time and packed for one platform only (native-files.ts). */
export const NATIVE_PACKAGES = ['onnxruntime-node', 'sharp'];

/**
 * An import, and the first: the imports of native packages stay imports in a bundle, and these run in order before any of its own
 * statements.
 */
const SILENCE = `import ${JSON.stringify(
  `data:text/javascript,${encodeURIComponent(`Object.assign(process.env,${JSON.stringify(NO_TELEMETRY)})`)}`,
)};`;

/** CommonJS dependencies inside an ES module bundle expect these. */
const COMMONJS_NAMES = [
  `import { createRequire as __createRequire } from 'node:module';`,
  `import { fileURLToPath as __fileURLToPath } from 'node:url';`,
  `const require = __createRequire(import.meta.url);`,
  `const __filename = __fileURLToPath(import.meta.url), __dirname = __fileURLToPath(new URL('.', import.meta.url));`,
].join('\n');

export interface Bundle {
  readonly service: string;
  /** `services/<service>/dist`. */
  readonly folder: string;
  /** Files in it: `handler.mjs`, one for each worker thread, and what these share or import when they need it. */
  readonly files: readonly string[];
  /** Native packages that the files really import. */
  readonly natives: readonly string[];
  /** Name of the file in it that says so. */
  readonly description: string;
}

/** What lies beside the files of a bundle. */
interface Description {
  readonly files: readonly string[];
  readonly natives: readonly string[];
  /** Names, below the repository, of the files that a bundle was made from. */
  readonly inputs: readonly string[];
}
export const DESCRIPTION = 'bundle.json';

/**
 * Bundles a service's handler, and each `src/*-worker.ts` beside it, into files without dependencies other than
 * native packages. What is imported when it is needed is a file of its own, so that a start doesn't read it. The same bundles run on Lambda, under `sls invoke local` and in the local engine. Building twice gives
 * the same bytes. A built package has its bundles and makes none.
 *
 * @param service folder below services/, e.g. `inference`
 */
export async function bundle(service: string): Promise<Bundle> {
  const folder = folderOf(service);
  const { files, natives } = inRepository ? await make(service, folder) : await describe(folder);
  return { service, folder, files, natives, description: DESCRIPTION };
}

function folderOf(service: string): string {
  return join(root, 'services', service, 'dist');
}

export async function describe(folder: string): Promise<Description> {
  return JSON.parse(await readFile(join(folder, DESCRIPTION), 'utf8')) as Description;
}

async function make(service: string, folder: string): Promise<Description> {
  const source = join(root, 'services', service, 'src');
  const entries = (await readdir(source)).filter((name) => name === 'handler.ts' || name.endsWith('-worker.ts')).sort();
  // Each by itself: what a worker shared with the handler would bring more than the worker needs.
  const sets = entries.map((name) => ({ entries: [join(source, name)], splitting: name === 'handler.ts' }));
  return await writeBundles(folder, sets);
}

/** Files that are bundled together; `splitting`: what is imported when it is needed, or by several, is a file of its own. */
interface EntrySet {
  /** Paths; a bundle has the name of its own. */
  readonly entries: readonly string[];
  readonly splitting: boolean;
}

/** Bundles sources into a folder, and describes there what it made. */
export async function writeBundles(
  folder: string,
  sets: readonly EntrySet[],
  plugins: readonly Plugin[] = [],
): Promise<Description> {
  // Most commands find their bundles made.
  const { build } = await import('esbuild');
  const common = {
    absWorkingDir: root,
    outdir: folder,
    entryNames: '[name]',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node' as const,
    target: 'node24',
    format: 'esm' as const,
    plugins: [lighterStart, ...plugins],
    mainFields: ['module', 'main'],
    banner: { js: `${SILENCE}\n${COMMONJS_NAMES}` },
    // Functions are not bundled where they run.
    external: [...NATIVE_PACKAGES, 'esbuild'],
    // Names stay: the class of an error is its name, which the state machine's Retry and Catch match on.
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    legalComments: 'none' as const,
    metafile: true as const,
    write: false as const,
    logLevel: 'warning' as const,
  };
  const builds = await Promise.all(
    sets.map(({ entries, splitting }) =>
      build({
        ...common,
        entryPoints: [...entries],
        splitting,
        // Parts are named by their content, so that a bundle that somebody runs from still finds its own when another is made.
        chunkNames: 'part-[hash]',
      }),
    ),
  );
  await mkdir(folder, { recursive: true });
  // The parts first: a bundle that is there has all of its own.
  const written = builds.flatMap(({ outputFiles, metafile }) => {
    const used = reachable(metafile.outputs);
    return outputFiles.filter(({ path }) => used.has(basename(path))).toReversed();
  });
  for (const { path, contents } of written) await writeAtOnce(path, contents);
  const outputs = builds.flatMap(({ metafile }) => Object.values(metafile.outputs));
  const imported = new Set(outputs.flatMap(({ imports }) => imports.map(({ path }) => path)));
  const files = written.map(({ path }) => basename(path)).sort();
  // The lock file stands for the versions of what is bundled; these files for the way it is done.
  const inputs = [
    ...new Set(builds.flatMap(({ metafile }) => Object.keys(metafile.inputs)).filter((name) => !isBuiltin(name))),
    ...['pnpm-lock.yaml', 'packages/deploy/src/bundle/bundle.ts', 'packages/deploy/src/bundle/lighter-start.ts'],
  ];
  const description = { files, natives: NATIVE_PACKAGES.filter((name) => imported.has(name)), inputs };
  await writeAtOnce(join(folder, DESCRIPTION), Buffer.from(JSON.stringify(description)));
  return description;
}

/** Names of what a bundle may come to load: of what only unused code would import, esbuild makes parts too. */
function reachable(outputs: Metafile['outputs']): ReadonlySet<string> {
  const files = new Map(Object.entries(outputs).map(([path, output]) => [basename(path), output]));
  const used = new Set<string>();
  const take = (name: string) => {
    const file = files.get(name);
    if (file === undefined || used.has(name)) return;
    used.add(name);
    for (const { path, external } of file.imports) if (external !== true) take(basename(path));
  };
  for (const [name, { entryPoint }] of files) if (entryPoint !== undefined && !name.startsWith('part-')) take(name);
  return used;
}

/** The service's bundles for this machine: those that lie there, unless a file that they were made from is newer. */
export async function freshBundle(service: string): Promise<string> {
  const folder = folderOf(service);
  return !inRepository || (await isFresh(folder)) ? folder : (await bundle(service)).folder;
}

async function isFresh(folder: string): Promise<boolean> {
  try {
    // Written last, so it is as old as the oldest of the bundles can be.
    const made = (await stat(join(folder, DESCRIPTION))).mtimeMs;
    const { inputs } = await describe(folder);
    const changed = await Promise.all(inputs.map(async (name) => (await stat(join(root, name))).mtimeMs));
    return changed.every((time) => time < made);
  } catch {
    // Not bundled yet, or a file of it is gone.
    return false;
  }
}

/** Others may bundle, or run what is bundled, at the same time. */
async function writeAtOnce(path: string, contents: Uint8Array): Promise<void> {
  const unfinished = `${path}.${randomUUID()}`;
  await writeFile(unfinished, contents);
  await rename(unfinished, path);
}

/**
 * A CommonJS door to the bundle for `sls invoke local`, which loads handlers by require() and knows no `.mjs`. What a handler
 * logs goes to stderr, so that its answer is all there is on stdout. Answers how to remove the door.
 */
export async function writeLocalDoor({ folder }: Bundle, handlers: readonly string[]): Promise<() => Promise<void>> {
  const door = join(folder, 'handler.cjs');
  const loggingToStderr = `
const { stdout, stderr } = process;
async function loggingToStderr(call) {
  const write = stdout.write;
  stdout.write = stderr.write.bind(stderr);
  try {
    return await call(await import('./handler.mjs'));
  } finally {
    stdout.write = write;
  }
}
`;
  const lines = handlers.map(
    (name) => `exports.${name} = (...given) => loggingToStderr((handler) => handler.${name}(...given));\n`,
  );
  await writeFile(door, [loggingToStderr, ...lines].join(''));
  return () => rm(door, { force: true });
}
