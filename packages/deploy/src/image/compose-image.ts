import { createHash } from 'node:crypto';
import { EnvironmentError, RemoteError } from '@cosmicai/payload';
import { fileLayer } from './layer.ts';
import { sha256, type Descriptor, type Manifest, type RegistryClient } from './registry.ts';

/** An image that is another one and one file. */
export interface ImageRecipe {
  /** `amd64` or `arm64`. */
  readonly architecture: 'amd64' | 'arm64';
  /** Digest of the base: of an index of platforms, or of one platform's manifest. */
  readonly base: string;
  /** Name at the image's root. */
  readonly file: string;
  readonly content: Uint8Array;
  /** What of the base's configuration is replaced: User, Entrypoint, Healthcheck, … */
  readonly config: Readonly<Record<string, unknown>>;
}

interface ImageManifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

interface ImageConfig {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly string[] };
  readonly history?: readonly object[];
}

interface ImageIndex {
  readonly manifests?: readonly (Descriptor & {
    readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
  })[];
}

/** Tag of an image: of what it is made of, so that the same content has the same tag. */
export function contentTag({ content, ...recipe }: ImageRecipe): string {
  const hash = createHash('sha256').update(JSON.stringify(recipe)).update('\0').update(content);
  return hash.digest('hex').slice(0, 20);
}

/**
 * Makes the image out of its base and puts it where it belongs, under its content's tag. What is there already is not sent again.
 *
 * @throws EnvironmentError, RemoteError
 */
export async function composeImage(recipe: ImageRecipe, from: RegistryClient, to: RegistryClient): Promise<string> {
  const tag = contentTag(recipe);
  if ((await to.manifest(tag)) !== undefined) return tag;
  const base = await platformManifest(from, recipe);
  const baseManifest = parsed(base, ({ config, layers }) => isDescriptor(config) && isList(layers)) as ImageManifest;
  const layer = fileLayer(recipe.file, recipe.content);
  const configBytes = await from.blob(baseManifest.config);
  const config = Buffer.from(
    JSON.stringify(withLayer(JSON.parse(configBytes.toString()) as ImageConfig, recipe, layer.diffId)),
  );
  for (const descriptor of baseManifest.layers)
    if (!(await to.hasBlob(descriptor.digest))) await to.putBlob(descriptor.digest, await from.blob(descriptor));
  const layerDigest = sha256(layer.bytes);
  for (const [digest, bytes] of [
    [layerDigest, layer.bytes],
    [sha256(config), config],
  ] as const)
    if (!(await to.hasBlob(digest))) await to.putBlob(digest, bytes);

  const isOci = base.mediaType.startsWith('application/vnd.oci.');
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: base.mediaType,
    config: { ...baseManifest.config, digest: sha256(config), size: config.length },
    layers: [
      ...baseManifest.layers,
      {
        mediaType: isOci
          ? 'application/vnd.oci.image.layer.v1.tar+gzip'
          : 'application/vnd.docker.image.rootfs.diff.tar.gzip',
        digest: layerDigest,
        size: layer.bytes.length,
      },
    ],
  };
  // Last: a tag that is there names an image that is whole.
  await to.putManifest(tag, { mediaType: base.mediaType, bytes: Buffer.from(JSON.stringify(manifest)) });
  return tag;
}

/** Digest that a tag of the base has now. @throws EnvironmentError */
export async function resolveDigest(client: RegistryClient, version: string, name: string): Promise<string> {
  const found = await client.manifest(version);
  if (found === undefined)
    throw new EnvironmentError(
      `There is no image ${name}. Name one that is there in rendezvous.base_image of the stage's file.`,
    );
  return found.digest;
}

async function platformManifest(from: RegistryClient, { base, architecture }: ImageRecipe): Promise<Manifest> {
  const found = await from.manifest(base);
  if (found === undefined)
    throw new EnvironmentError(
      `The base image ${base} is gone from its registry. Deploy with --update-base to take the one that its name means now.`,
    );
  if (!/index|list/.test(found.mediaType)) return found;
  const { manifests = [] } = parsed(found, ({ manifests }) => isList(manifests)) as ImageIndex;
  const fitting = manifests.find(({ platform }) => platform?.os === 'linux' && platform.architecture === architecture);
  if (fitting === undefined)
    throw new EnvironmentError(
      `The base image ${base} has nothing for linux/${architecture}. Change rendezvous.architecture or rendezvous.base_image in the stage's file.`,
    );
  const manifest = await from.manifest(fitting.digest);
  if (manifest === undefined) throw new RemoteError(`The registry has no ${fitting.digest}, which ${base} names.`);
  return manifest;
}

function withLayer(base: ImageConfig, { config, file }: ImageRecipe, diffId: string): ImageConfig {
  return {
    ...base,
    config: { ...base.config, ...config },
    rootfs: { type: 'layers', diff_ids: [...base.rootfs.diff_ids, diffId] },
    history: [...(base.history ?? []), { created_by: `cosmicai: ${file}`, created: '1970-01-01T00:00:00Z' }],
  };
}

function parsed({ bytes, digest }: Manifest, fits: (value: Record<string, unknown>) => boolean): unknown {
  const value = JSON.parse(bytes.toString()) as unknown;
  if (typeof value === 'object' && value !== null && fits(value as Record<string, unknown>)) return value;
  throw new RemoteError(`The manifest ${digest} is not that of an image.`);
}

function isDescriptor(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'digest' in value && 'size' in value;
}

function isList(value: unknown): boolean {
  return Array.isArray(value) && value.every(isDescriptor);
}
