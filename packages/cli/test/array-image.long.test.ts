/* The image of a task, made, pushed to a registry that others wrote, pulled from it, and started. */
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileStore } from '@cosmicai/store';
import { writeSurvey } from '@cosmicai/survey';
import { debianRegistry, hasDebianRegistry } from '../../../test/debian-registry.ts';
import { cosmicaiIn } from './support/in-process.ts';

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
if (!isRoot) console.warn('Only root can start what is in an image without a container engine: not tested');

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

/** An image of this machine's Node with the libraries that it loads, as a folder: what `node:24-slim` would be. */
function nodeBase(folder: string): void {
  const root = join(folder, 'root');
  const node = realpathSync(process.execPath);
  const loaded = execFileSync('ldd', [node], { encoding: 'utf8' });
  const own = [...loaded.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path!);
  // Of the same package of Debian's as the C library itself; onnxruntime asks for it.
  const libraries = [...own, join(dirname(own.find((path) => path.endsWith('/libc.so.6'))!), 'librt.so.1')];
  for (const [from, to] of [[node, '/usr/local/bin/node'], ...libraries.map((path) => [path, path])] as const) {
    mkdirSync(join(root, dirname(to)), { recursive: true });
    copyFileSync(from, join(root, to));
  }
  for (const name of ['dev', 'proc', 'tmp']) mkdirSync(join(root, name));
  const tar = join(folder, 'layer.tar');
  execFileSync('tar', ['-C', root, '-cf', tar, '.']);
  rmSync(root, { recursive: true });
  const blobs = join(folder, 'base/blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (bytes: Uint8Array, mediaType: string) => {
    const digest = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(blobs, digest), bytes);
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
  };
  const json = (value: object) => Buffer.from(JSON.stringify(value));
  const layer = put(readFileSync(tar), 'application/vnd.oci.image.layer.v1.tar');
  const config = put(
    json({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: { Env: ['PATH=/usr/local/bin:/usr/bin:/bin'] },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    }),
    'application/vnd.oci.image.config.v1+json',
  );
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = put(json({ schemaVersion: 2, mediaType, config, layers: [layer] }), mediaType);
  writeFileSync(join(folder, 'base/index.json'), json({ schemaVersion: 2, manifests: [manifest] }));
}

/** Unpacks an image as a container engine does. @returns what its configuration says to start */
async function pull(image: string, root: string) {
  const [, host = '', name = '', tag = ''] = /^([^/]+)\/(.+):([^:]+)$/.exec(image) ?? [];
  const ask = async (path: string) => {
    const response = await fetch(`http://${host}/v2/${name}/${path}`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    });
    expect(response.status).toBe(200);
    return Buffer.from(await response.arrayBuffer());
  };
  const { layers, config } = JSON.parse((await ask(`manifests/${tag}`)).toString()) as {
    readonly layers: readonly Descriptor[];
    readonly config: Descriptor;
  };
  mkdirSync(root);
  for (const { digest } of layers) {
    const layer = await ask(`blobs/${digest}`);
    // GNU tar tells gzip from plain in a file only.
    writeFileSync(`${root}.tar`, layer);
    execFileSync('tar', ['-C', root, '-xf', `${root}.tar`]);
  }
  const described = JSON.parse((await ask(`blobs/${config.digest}`)).toString()) as {
    readonly config: Record<'Entrypoint' | 'Env', readonly string[]> & Record<'User' | 'WorkingDir', string>;
  };
  return described.config;
}

(isRoot && hasDebianRegistry() ? it : it.skip)(
  'the image that array image pushes plans, runs and combines a run',
  async () => {
    await using registry = await debianRegistry();
    const folder = mkdtempSync(join(tmpdir(), 'cosmicai-array-image-'));
    try {
      nodeBase(folder);
      const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';
      const command = [
        ...['array', 'image', `${registry.host}/cosmicai`, '--base', 'oci:base'],
        ...['--architecture', architecture, '--json'],
      ];
      const made = await cosmicaiIn(folder, command);
      expect(made).toMatchObject({ code: 0, stderr: '' });
      const { image } = JSON.parse(made.stdout) as { readonly image: string };
      const root = join(folder, 'pulled');
      const config = await pull(image, root);
      expect(config).toMatchObject({ User: 'node', WorkingDir: '/tmp' });

      const run = join(root, 'tmp/run');
      mkdirSync(run);
      await writeSurvey(fileStore(run), 'partitions', { count: 40, seed: 1, partitionBytes: 1_048_576 });
      execFileSync('chown', ['-R', '1000:1000', join(root, 'tmp')]);
      const started = (...args: string[]) =>
        execFileSync(
          'unshare',
          [
            ...['--mount', '--pid', '--fork', 'sh', '-c'],
            'mount --bind /dev "$0/dev" && mount -t proc proc "$0/proc" && exec /usr/sbin/chroot --userspec=1000:1000 "$0" "$@"',
            ...[root, ...config.Entrypoint, ...args],
          ],
          {
            encoding: 'utf8',
            env: Object.fromEntries(config.Env.map((line) => line.split('=', 2))) as NodeJS.ProcessEnv,
          },
        );
      const planned = JSON.parse(
        started(
          'init',
          '--data',
          '/tmp/run/partitions',
          '--results',
          '/tmp/run/results',
          '--world-size',
          '1',
          '--json',
        ),
      ) as { readonly run_id: string };
      const at = `/tmp/run/results/runs/${planned.run_id}`;
      expect(started('rank', '--manifest', `${at}/manifest.json`, '--index', '0')).toContain(
        'Rank 0 is done, 40 galaxies',
      );
      expect(started('summarize', at)).toContain('40');
      const summary = JSON.parse(await readFile(join(root, at, 'summary.json'), 'utf8')) as object;
      expect(summary).toMatchObject({ ranks: { succeeded: 1 } });

      // Once more: all is there.
      const again = await cosmicaiIn(folder, command);
      expect((JSON.parse(again.stdout) as { readonly image: string }).image).toBe(image);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  300_000,
);
