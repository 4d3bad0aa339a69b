/* Images in Debian's docker-registry (apt-get install docker-registry), a program that others wrote. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { freePort } from '../../../test/free-port.ts';
import { hasProgram } from '../../../test/programs.ts';
import { composeImage, resolveDigest } from '../src/image/compose-image.ts';
import { RegistryClient, type Descriptor } from '../src/image/registry.ts';
import { givenBase, standInRegistry } from './stand-in-registry.ts';

const isHere = hasProgram('docker-registry');
if (!isHere)
  console.warn('docker-registry is not on the PATH (apt-get install docker-registry): not tested against it');

(isHere ? describe : describe.skip)('a registry of Debian', () => {
  let folder: string;
  let registry: ChildProcess;
  let url: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cosmicai-registry-'));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const settings = { version: 0.1, storage: { filesystem: { rootdirectory: folder } }, http: { addr: url.slice(7) } };
    await writeFile(join(folder, 'config.yml'), JSON.stringify(settings));
    registry = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: ['ignore', 'ignore', 'pipe'] });
    // It says where it listens once it does.
    await new Promise<void>((resolve) => {
      registry.stderr!.on('data', (chunk: Buffer) => chunk.includes('listening on') && resolve());
    });
  });
  afterAll(async () => {
    registry.kill();
    if (registry.exitCode === null && registry.signalCode === null) await once(registry, 'exit');
    await rm(folder, { recursive: true });
  });

  it('takes a base and the image made of it, and gives both back as they were', async () => {
    await using hub = await standInRegistry();
    const config = { User: 'node', Entrypoint: ['node', '/server.mjs'] };
    const recipe = {
      architecture: 'amd64' as const,
      base: givenBase(hub),
      file: 'server.mjs',
      content: Buffer.from('1'),
      config,
    };
    const of = (name: string) => new RegistryClient({ registry: url, name });
    const tag = await composeImage(recipe, new RegistryClient({ registry: hub.url, name: 'base' }), of('first'));
    // Pulled from the program itself, once more as the base of another.
    const digest = await resolveDigest(of('first'), tag, 'first');
    const second = await composeImage(
      { ...recipe, base: digest, file: 'more', content: Buffer.from('2') },
      of('first'),
      of('second'),
    );
    const manifest = await of('second').manifest(second);
    const { layers, config: described } = JSON.parse(manifest!.bytes.toString()) as {
      layers: Descriptor[];
      config: Descriptor;
    };
    const files = await Promise.all(layers.map(async (layer) => gunzipSync(await of('second').blob(layer)).toString()));
    expect(files.map((text) => text.slice(0, 14).replaceAll('\0', ''))).toEqual([
      'files of amd64',
      'server.mjs',
      'more',
    ]);
    const image = JSON.parse((await of('second').blob(described)).toString()) as { rootfs: { diff_ids: string[] } };
    expect(image).toMatchObject({ config });
    expect(image.rootfs.diff_ids).toHaveLength(3);
    expect(await of('second').manifest('nothing')).toBeUndefined();
  });
});
