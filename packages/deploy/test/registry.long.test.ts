/* Images in a registry that others wrote. */
import { gunzipSync } from 'node:zlib';
import { debianRegistry, hasDebianRegistry, type DebianRegistry } from '../../../test/debian-registry.ts';
import { composeImage, resolveDigest } from '../src/image/compose-image.ts';
import { RegistryClient, type Descriptor } from '../src/image/registry.ts';
import { givenBase, standInRegistry } from './stand-in-registry.ts';

(hasDebianRegistry() ? describe : describe.skip)('a registry of Debian', () => {
  let registry: DebianRegistry;
  beforeAll(async () => {
    registry = await debianRegistry();
  });
  afterAll(async () => await registry[Symbol.asyncDispose]());

  it('takes a base and the image made of it, and gives both back as they were', async () => {
    await using hub = await standInRegistry();
    const config = { User: 'node', Entrypoint: ['node', '/server.mjs'] };
    const recipe = {
      architecture: 'amd64' as const,
      base: givenBase(hub),
      layers: [{ name: 'server', files: [{ name: 'server.mjs', content: Buffer.from('1') }] }],
      config,
    };
    const of = (name: string) => new RegistryClient({ registry: `http://${registry.host}`, name });
    const tag = await composeImage(recipe, new RegistryClient({ registry: hub.url, name: 'base' }), of('first'));
    // Pulled from the program itself, once more as the base of another.
    const digest = await resolveDigest(of('first'), tag, 'first', 'here');
    const second = await composeImage(
      { ...recipe, base: digest, layers: [{ name: 'more', files: [{ name: 'more', content: Buffer.from('2') }] }] },
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
