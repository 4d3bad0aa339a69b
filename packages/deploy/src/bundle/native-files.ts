import { readdir, realpath } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../root.ts';

/** Lambda's names of processor architectures. */
export type Architecture = 'x86_64' | 'arm64';

export interface PackedFile {
  /** Path inside the archive. */
  readonly name: string;
  readonly path: string;
  /** Default: true. */
  readonly compress?: boolean;
}

/** Node's `process.arch` on each. */
const NODE_ARCH: Readonly<Record<Architecture, string>> = { x86_64: 'x64', arm64: 'arm64' };

/**
 * What of a native package, and of the packages it loads, a Lambda function of one architecture needs: a few files of
 * packages that hold the binaries of every platform (onnxruntime-node: 260 MB).
 */
export async function nativeFiles(service: string, name: string, architecture: Architecture): Promise<PackedFile[]> {
  if (name !== 'onnxruntime-node') {
    throw new Error(
      `No rule says which files of ${name} the function ${service} needs on Lambda; onnxruntime-node alone has one.`,
    );
  }
  const runtime = await packageFolder(join(root, 'services', service), 'onnxruntime-node');
  const common = await packageFolder(runtime, 'onnxruntime-common');
  const binaries = join('bin/napi-v6/linux', NODE_ARCH[architecture]);
  return [
    ...(await filesOf('onnxruntime-node', runtime, ['package.json', 'dist', binaries])),
    ...(await filesOf('onnxruntime-common', common, ['package.json', 'dist/cjs'])),
  ];
}

/** The folder of a package as the code in another folder would find it. */
async function packageFolder(from: string, name: string): Promise<string> {
  const description = findPackageJSON(name, pathToFileURL(join(await realpath(from), 'package.json')));
  if (description === undefined)
    throw new Error(`${name} is not installed for ${from}. Run "npm start" or pnpm install.`);
  return dirname(description);
}

async function filesOf(name: string, folder: string, parts: readonly string[]): Promise<PackedFile[]> {
  const paths = await Promise.all(parts.map((part) => filesBelow(join(folder, part))));
  return paths
    .flat()
    .filter((path) => !/\.(map|d\.ts)$/.test(path))
    .map((path) => ({ name: join('node_modules', name, relative(folder, path)), path }));
}

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (entries === undefined) return [path];
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
