import { gunzipSync } from 'node:zlib';
import {
  composeImage,
  contentTag,
  resolveDigest,
  type ImageLayer,
  type ImageRecipe,
} from '../src/image/compose-image.ts';
import { layerOf } from '../src/image/layer.ts';
import { parseImage, pinned } from '../src/image/reference.ts';
import { RegistryClient, sha256, type Descriptor } from '../src/image/registry.ts';
import { givenBase, standInRegistry } from './stand-in-registry.ts';

const OCI = 'application/vnd.oci.image.manifest.v1+json';
const config = { User: 'node', Entrypoint: ['node', '/server.mjs'] };

function recipe(base: string, changes: Partial<ImageRecipe> = {}): ImageRecipe {
  return { architecture: 'arm64', base, layers: [layer('serve()')], config, ...changes };
}

function layer(content: string, name = 'server.mjs'): ImageLayer {
  return { name, files: [{ name, content: Buffer.from(content) }] };
}

describe('an image made of a base and one file', () => {
  it('has the base’s layers, the file on top and the settings that were given', async () => {
    await using hub = await standInRegistry();
    await using own = await standInRegistry({ basic: 'AWS:secret' });
    const from = new RegistryClient({ registry: hub.url, name: 'base' });
    const to = new RegistryClient({
      registry: own.url,
      name: 'stage/server',
      credentials: { user: 'AWS', password: 'secret' },
    });
    const base = givenBase(hub);
    expect(await resolveDigest(from, '1', 'base:1', 'here')).toBe(base);

    const tag = await composeImage(recipe(base), from, to);
    const manifest = JSON.parse(own.manifests.get(`stage/server ${tag}`)!.bytes.toString()) as {
      layers: [Descriptor, Descriptor];
      config: Descriptor;
    };
    expect(own.manifests.get(`stage/server ${tag}`)!.type).toBe(OCI);
    const blob = (digest: string) => own.blobs.get(`stage/server ${digest}`)!;
    expect(gunzipSync(blob(manifest.layers[0].digest)).toString()).toBe('files of arm64');
    const tar = gunzipSync(blob(manifest.layers[1].digest));
    expect(tar.toString('utf8', 0, 10)).toBe('server.mjs');
    expect(tar.toString('utf8', 512, 519)).toBe('serve()');
    const image = JSON.parse(blob(manifest.config.digest).toString()) as { rootfs: { diff_ids: string[] } };
    expect(image).toMatchObject({ architecture: 'arm64', config: { Env: ['A=1'], ...config } });
    expect(image.rootfs.diff_ids).toEqual([sha256(Buffer.from('arm64')), sha256(tar)]);
    expect(manifest.config.size).toBe(blob(manifest.config.digest).length);
  });

  it('is not made again when it is there, and sends only what is new when the file has changed', async () => {
    await using hub = await standInRegistry();
    await using own = await standInRegistry();
    const from = new RegistryClient({ registry: hub.url, name: 'base' });
    const to = new RegistryClient({ registry: own.url, name: 'server' });
    const base = givenBase(hub);
    const first = await composeImage(recipe(base), from, to);
    const [asked, sent] = [hub.requests.length, own.requests.length];
    expect(await composeImage(recipe(base), from, to)).toBe(first);
    expect(hub.requests).toHaveLength(asked);
    expect(own.requests.slice(sent)).toEqual([`GET /v2/server/manifests/${first}`]);

    const second = await composeImage(recipe(base, { layers: [layer('other()')] }), from, to);
    expect(second).not.toBe(first);
    const puts = own.requests.slice(sent).filter((request) => request.startsWith('PUT'));
    // The file's layer, the configuration, the manifest.
    expect(puts).toHaveLength(3);
  });

  it('has another tag for another base, architecture or setting, the same for the same', () => {
    const tags = [
      {},
      { architecture: 'amd64' as const },
      { base: 'sha256:2' },
      { config: {} },
      { environment: { A: '2' } },
      { layers: [layer('serve()', 'a')] },
      { layers: [layer('other()')] },
      { layers: [] },
    ].map((changes) => contentTag(recipe('sha256:1', changes)));
    expect(new Set(tags).size).toBe(8);
    expect(contentTag(recipe('sha256:1'))).toBe(tags[0]);
    expect(layerOf(layer('b').files)).toEqual(layerOf(layer('b').files));
  });

  it('is refused where the base has no such platform, is gone, or is not what its digest says', async () => {
    await using hub = await standInRegistry();
    await using own = await standInRegistry();
    const from = new RegistryClient({ registry: hub.url, name: 'base' });
    const to = new RegistryClient({ registry: own.url, name: 'server' });
    const base = givenBase(hub);
    await expect(resolveDigest(from, '2', 'base:2', 'here')).rejects.toThrow(
      'There is no image base:2. Name one that is there here',
    );
    await expect(composeImage(recipe(`sha256:${'0'.repeat(64)}`), from, to)).rejects.toThrow('--update-base');
    const riscv = recipe(base, { architecture: 'riscv64' as 'arm64' });
    await expect(composeImage(riscv, from, to)).rejects.toThrow('nothing for linux/riscv64');
    for (const [key, bytes] of hub.blobs) hub.blobs.set(key, Buffer.from(bytes).fill(0, 0, 1));
    await expect(composeImage(recipe(base), from, to)).rejects.toThrow(/blob sha256:.* of base/);
    expect([...own.manifests.keys()]).toEqual([]);
  });

  it('says that a registry refuses a password or can’t be reached', async () => {
    await using own = await standInRegistry({ basic: 'AWS:secret' });
    const wrong = new RegistryClient({
      registry: own.url,
      name: 'server',
      credentials: { user: 'AWS', password: 'no' },
    });
    await expect(wrong.manifest('1')).rejects.toThrow('401: who are you?');
    const nowhere = new RegistryClient({ registry: 'http://127.0.0.1:1', name: 'server' });
    await expect(nowhere.manifest('1')).rejects.toThrow("http://127.0.0.1:1 can't be reached");
  });
});

describe('names of images', () => {
  it.each([
    ['node:24-slim', 'https://registry-1.docker.io', 'library/node', '24-slim'],
    ['bitnami/node:24', 'https://registry-1.docker.io', 'bitnami/node', '24'],
    ['public.ecr.aws/docker/library/node:24-slim', 'https://public.ecr.aws', 'docker/library/node', '24-slim'],
    ['127.0.0.1:5000/node:1', 'http://127.0.0.1:5000', 'node', '1'],
    [`r.example.org/a/b:1@sha256:${'a'.repeat(64)}`, 'https://r.example.org', 'a/b', `sha256:${'a'.repeat(64)}`],
  ])('%s', (name, registry, path, version) => {
    expect(parseImage(name)).toEqual({ repository: { registry, name: path }, version });
  });

  it.each(['', 'node', 'Node:1', 'a b:1', 'https://r.example.org/a:1', 'node:1@sha256:12'])('%j is none', (name) => {
    expect(() => parseImage(name)).toThrow('names no image');
  });

  it('takes a digest in place of the tag', () => {
    expect(pinned('127.0.0.1:5000/node:1', 'sha256:a')).toBe('127.0.0.1:5000/node@sha256:a');
  });
});
