import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync, appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeImage } from '../src/image/compose-image.ts';
import { withCredentials } from '../src/image/credentials.ts';
import { layerOf } from '../src/image/layer.ts';
import { OciLayout } from '../src/image/oci-layout.ts';
import { makeRankImage } from '../src/image/rank-image.ts';
import { parseFolder, parseRepository } from '../src/image/reference.ts';
import { RegistryClient, sha256, type Descriptor } from '../src/image/registry.ts';
import { testModel, image as imageInput, magnitudes } from '../../../test/onnx-models.ts';
import { givenBase, standInRegistry } from './stand-in-registry.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'cosmicai-rank-image-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** A folder with the base of the stand-in and nothing on top. */
async function baseIn(name: string): Promise<string> {
  await using hub = await standInRegistry();
  const layout = new OciLayout(join(folder, name));
  const recipe = { architecture: 'arm64' as const, base: givenBase(hub), layers: [], config: {} };
  return await composeImage(recipe, new RegistryClient({ registry: hub.url, name: 'base' }), layout);
}

const make = (changes: Partial<Parameters<typeof makeRankImage>[0]>) =>
  makeRankImage({
    ...{ to: 'oci:image', base: 'oci:base', architecture: 'arm64', model: undefined, version: '1.2.3', cwd: folder },
    ...{ environment: { HOME: folder }, signal: new AbortController().signal, ...changes },
  });

describe('the image of a task', () => {
  it('has the runtime of its architecture, the model, the program, and says where the model is', async () => {
    const tag = await baseIn('base');
    const model = join(folder, 'mine.onnx');
    writeFileSync(model, testModel({ image: imageInput('n', 5, 6, 6), magnitudes: magnitudes('n', 1) }));
    writeFileSync(
      join(folder, 'mine.spec.json'),
      JSON.stringify({ inputs: { image: { bands: ['u', 'g', 'r', 'i', 'z'], side: 6 }, features: ['mag_r'] } }),
    );
    const made = await make({ model });
    expect(made).toMatchObject({ model: '/opt/cosmicai/model/model.onnx' });
    expect(made.base).toMatch(/^oci:base@sha256:/);

    const layout = new OciLayout(join(folder, 'image'));
    const manifest = JSON.parse((await layout.manifest(made.image.split(':').at(-1)!))!.bytes.toString()) as {
      readonly layers: readonly Descriptor[];
      readonly config: Descriptor;
    };
    const listed = manifest.layers.slice(1).map(({ digest }) => {
      const file = join(folder, 'image/blobs/sha256', digest.slice(7));
      return execFileSync('tar', ['-tvzf', file], { encoding: 'utf8' });
    });
    expect(listed[0]).toContain('bin/napi-v6/linux/arm64/libonnxruntime.so.1');
    expect(listed[0]).not.toContain('x64');
    expect(listed[1]).toMatch(
      /-rw-r--r-- 0\/0 .* opt\/cosmicai\/model\/model\.onnx\n.* opt\/cosmicai\/model\/model\.spec\.yaml/,
    );
    expect(listed[2]).toMatch(/opt\/cosmicai\/dist\/task\/task\.mjs/);
    expect(listed[2]).toMatch(/opt\/cosmicai\/dist\/task\/product\/services\/inference\/dist\/handler\.mjs/);
    expect(listed[2]).toMatch(/-rwxr-xr-x 0\/0 .* usr\/local\/bin\/cosmicai/);
    const { config } = JSON.parse((await layout.blob(manifest.config)).toString()) as { readonly config: object };
    expect(config).toMatchObject({
      Env: ['A=1', 'COSMICAI_MODEL=/opt/cosmicai/model/model.onnx'],
      Entrypoint: ['node', '/opt/cosmicai/dist/task/task.mjs'],
    });
    // Of the same base by its tag it is the same image.
    expect((await make({ base: `oci:base:${tag}`, model })).image).toBe(made.image);
    const index = JSON.parse(readFileSync(join(folder, 'image/index.json'), 'utf8')) as { manifests: object[] };
    expect(index.manifests).toHaveLength(1);
  }, 60_000);

  it('is refused for what is no place or no base, and where the base is for other machines', async () => {
    await baseIn('base');
    await expect(make({ to: 'registry.example.org/cosmicai:1' })).rejects.toThrow(
      'has a tag or a digest: leave it out',
    );
    await expect(make({ to: 'oci:image:1' })).rejects.toThrow('has a tag: leave it out');
    await expect(make({ base: 'oci:nothing' })).rejects.toThrow(
      'There is no image oci:nothing. Name one that is there with --base',
    );
    await expect(make({ architecture: 'x86_64' })).rejects.toThrow(
      'it is for arm64. Name another base or architecture',
    );
  }, 60_000);
});

describe('a folder of images', () => {
  it('is read as it was written, and refused when damaged', async () => {
    const tag = await baseIn('base');
    const layout = new OciLayout(join(folder, 'base'));
    const only = await layout.manifest('');
    expect(only?.digest).toBe((await layout.manifest(tag))?.digest);
    expect(await layout.manifest(only!.digest)).toEqual(only);
    expect(await layout.manifest('other')).toBeUndefined();
    await layout.putManifest('other', only!);
    // Which of two is not said.
    expect(await layout.manifest('')).toBeUndefined();
    appendFileSync(join(folder, 'base/blobs/sha256', only!.digest.slice(7)), ' ');
    await expect(layout.manifest(tag)).rejects.toThrow('is damaged');
    writeFileSync(join(folder, 'base/index.json'), '{}');
    await expect(layout.manifest(tag)).rejects.toThrow('is not the index of a folder of images');
  });

  it('names are those of skopeo', () => {
    expect(parseFolder('oci:a/b')).toEqual({ folder: 'a/b', version: '' });
    expect(parseFolder('oci:/a/b:24-slim')).toEqual({ folder: '/a/b', version: '24-slim' });
    expect(parseFolder(`oci:a@sha256:${'0'.repeat(64)}`)).toEqual({ folder: 'a', version: `sha256:${'0'.repeat(64)}` });
    expect(parseFolder('registry.example.org/a')).toBeUndefined();
    expect(parseRepository('localhost:5000/a')).toEqual({ registry: 'http://localhost:5000', name: 'a' });
  });
});

describe('passwords of registries', () => {
  it('are those that docker login left', async () => {
    mkdirSync(join(folder, '.docker'));
    const auth = Buffer.from('me:it:is').toString('base64');
    const file = join(folder, '.docker/config.json');
    writeFileSync(
      file,
      JSON.stringify({ auths: { 'r.example.org': { auth }, 'https://index.docker.io/v1/': { auth } } }),
    );
    const given = { user: 'me', password: 'it:is' };
    const of = async (registry: string, environment = { HOME: folder } as Record<string, string>) =>
      (await withCredentials({ registry, name: 'a' }, environment)).credentials;
    expect(await of('https://r.example.org')).toEqual(given);
    expect(await of('https://registry-1.docker.io')).toEqual(given);
    expect(await of('https://other.example.org')).toBeUndefined();
    expect(await of('https://r.example.org', { HOME: '/nowhere', DOCKER_CONFIG: join(folder, '.docker') })).toEqual(
      given,
    );
    expect(await of('https://r.example.org', { HOME: '/nowhere' })).toBeUndefined();
    writeFileSync(file, 'auths');
    await expect(of('https://r.example.org')).rejects.toThrow('is not a file of logins');
  });

  it('are asked for again where writing needs more than reading', async () => {
    await using hub = await standInRegistry({ basic: 'me:secret', tokens: true });
    const client = new RegistryClient({
      registry: hub.url,
      name: 'a',
      credentials: { user: 'me', password: 'secret' },
    });
    expect(await client.manifest('1')).toBeUndefined();
    const { bytes } = layerOf([]);
    await client.putBlob(sha256(bytes), bytes);
    expect(await client.hasBlob(sha256(bytes))).toBe(true);
    expect(hub.requests.filter((request) => request === 'GET /token')).toHaveLength(2);
  });
});

it('names of up to 255 bytes lie in a layer, longer ones are refused', () => {
  const long = `${'folder/'.repeat(20)}${'f'.repeat(90)}`;
  const file = join(folder, 'layer.tar.gz');
  writeFileSync(file, layerOf([{ name: long, content: Buffer.from('x') }]).bytes);
  expect(execFileSync('tar', ['-tzf', file], { encoding: 'utf8' })).toBe(`${long}\n`);
  expect(() => layerOf([{ name: 'f'.repeat(101), content: Buffer.from('') }])).toThrow('too long a name');
});
