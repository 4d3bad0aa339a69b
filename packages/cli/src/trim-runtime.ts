/*
 * Runs once while the command is installed, before the packages that it depends on set themselves up. onnxruntime-node brings the
 * binaries of five platforms, 288 MB, and on Linux fetches hundreds of megabytes for graphics processors, which nothing here
 * uses. Binaries that neither this machine nor functions on Lambda (linux) can use go, and so does the fetching. Only where the package is
 * the command's own, as after `npm install -g` and `npx`: what a project shares with others is not ours to change.
 */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const own = join(dirname(fileURLToPath(import.meta.url)), '..');
const isOfNpx = /[\\/]_npx[\\/]/.test(own);
const runtime = [
  join(own, 'node_modules/onnxruntime-node'),
  ...(isOfNpx ? [join(own, '../onnxruntime-node')] : []),
].find((folder) => existsSync(folder));

if (runtime !== undefined) {
  try {
    const binaries = join(runtime, 'bin/napi-v6');
    for (const platform of readdirSync(binaries)) {
      for (const architecture of readdirSync(join(binaries, platform))) {
        const used = platform === 'linux' || (platform === process.platform && architecture === process.arch);
        if (!used) rmSync(join(binaries, platform, architecture), { recursive: true });
      }
    }
    writeFileSync(
      join(runtime, 'script/install.js'),
      '// Fetched libraries for graphics processors, which cosmicai does without.\n',
    );
  } catch {
    // It is laid out in another way: space and time alone are lost.
  }
}
