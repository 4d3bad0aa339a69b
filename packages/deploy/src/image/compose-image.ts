import { createHash } from 'node:crypto';
import { EnvironmentError, RemoteError, UserInputError } from '@cosmicai/payload';
import { layerOf, type ImageFile, type Layer } from './layer.ts';
import { sha256, type Descriptor, type ImageStore, type Manifest } from './registry.ts';

/** An image that is another one and some files. */
export interface ImageRecipe {
  /** `amd64` or `arm64`. */
  readonly architecture: 'amd64' | 'arm64';
  /** Digest of the base: of an index of platforms, or of one platform's manifest. */
  readonly base: string;
  /** What lies on top of it, in layers of their own: one that is the same in another image is not sent again. */
  readonly layers: readonly ImageLayer[];
  /** What of the base's configuration is replaced: User, Entrypoint, Healthcheck, … */
  readonly config: Readonly<Record<string, unknown>>;
  /** Added to the base's environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface ImageLayer {
  /** For people who look into the image's history. */
  readonly name: string;
  readonly files: readonly ImageFile[];
}

interface ImageManifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

interface ImageConfig {
  readonly architecture?: string;
  readonly config?: Readonly<Record<string, unknown>> & { readonly Env?: readonly string[] };
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly string[] };
  readonly history?: readonly object[];
}

interface ImageIndex {
  readonly manifests?: readonly (Descriptor & {
    readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
  })[];
}

/** Tag of an image: of what it is made of, so that the same content has the same tag. */
export function contentTag({ layers, ...recipe }: ImageRecipe): string {
  const hash = createHash('sha256').update(JSON.stringify(recipe));
  for (const { name, files } of layers) {
    hash.update(`\0${name}`);
    for (const { content, ...file } of files)
      hash.update(`\0${JSON.stringify(file)} ${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 20);
}

/**
 * Makes the image out of its base and puts it where it belongs, under its content's tag. What is there already is not sent again.
 *
 * @throws EnvironmentError, RemoteError
 */
export async function composeImage(recipe: ImageRecipe, from: ImageStore, to: ImageStore): Promise<string> {
  const tag = contentTag(recipe);
  if ((await to.manifest(tag)) !== undefined) return tag;
  const base = await platformManifest(from, recipe);
  const baseManifest = parsed(base, ({ config, layers }) => isDescriptor(config) && isList(layers)) as ImageManifest;
  const described = JSON.parse((await from.blob(baseManifest.config)).toString()) as ImageConfig;
  if (described.architecture !== recipe.architecture)
    throw notFor(recipe, `is for ${described.architecture ?? 'none'}`);
  const layers = recipe.layers.map(({ files }) => layerOf(files));
  const config = Buffer.from(JSON.stringify(withLayers(described, recipe, layers)));
  for (const descriptor of baseManifest.layers)
    if (!(await to.hasBlob(descriptor.digest))) await to.putBlob(descriptor.digest, await from.blob(descriptor));
  for (const bytes of [...layers.map((layer) => layer.bytes), config])
    if (!(await to.hasBlob(sha256(bytes)))) await to.putBlob(sha256(bytes), bytes);

  const isOci = base.mediaType.startsWith('application/vnd.oci.');
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: base.mediaType,
    config: { ...baseManifest.config, digest: sha256(config), size: config.length },
    layers: [
      ...baseManifest.layers,
      ...layers.map(({ bytes }) => ({
        mediaType: isOci
          ? 'application/vnd.oci.image.layer.v1.tar+gzip'
          : 'application/vnd.docker.image.rootfs.diff.tar.gzip',
        digest: sha256(bytes),
        size: bytes.length,
      })),
    ],
  };
  // Last: a tag that is there names an image that is whole.
  await to.putManifest(tag, { mediaType: base.mediaType, bytes: Buffer.from(JSON.stringify(manifest)) });
  return tag;
}

/** Digest that a tag of the base has now. @param where its user names another @throws UserInputError */
export async function resolveDigest(store: ImageStore, version: string, name: string, where: string): Promise<string> {
  const found = await store.manifest(version);
  if (found === undefined) throw new UserInputError(`There is no image ${name}. Name one that is there ${where}.`);
  return found.digest;
}

async function platformManifest(from: ImageStore, { base, architecture }: ImageRecipe): Promise<Manifest> {
  const found = await from.manifest(base);
  if (found === undefined)
    throw new EnvironmentError(
      `The base image ${base} is gone from its registry. Name the base by a tag again, or deploy a stage with --update-base, to take what that means now.`,
    );
  if (!/index|list/.test(found.mediaType)) return found;
  const { manifests = [] } = parsed(found, ({ manifests }) => isList(manifests)) as ImageIndex;
  const fitting = manifests.find(({ platform }) => platform?.os === 'linux' && platform.architecture === architecture);
  if (fitting === undefined) throw notFor({ base, architecture }, 'has no such part');
  const manifest = await from.manifest(fitting.digest);
  if (manifest === undefined) throw new RemoteError(`The registry has no ${fitting.digest}, which ${base} names.`);
  return manifest;
}

function notFor({ base, architecture }: Pick<ImageRecipe, 'base' | 'architecture'>, why: string): EnvironmentError {
  return new EnvironmentError(
    `The base image ${base} has nothing for linux/${architecture}: it ${why}. Name another base or architecture (of a stage's server: rendezvous.base_image and rendezvous.architecture in the stage's file).`,
  );
}

function withLayers(base: ImageConfig, recipe: ImageRecipe, layers: readonly Layer[]): ImageConfig {
  const added = Object.entries(recipe.environment ?? {}).map(([name, value]) => `${name}=${value}`);
  const { Env: environment = [] } = base.config ?? {};
  const created = '1970-01-01T00:00:00Z';
  return {
    ...base,
    config: {
      ...base.config,
      ...(added.length > 0 && { Env: [...environment, ...added] }),
      ...recipe.config,
    },
    rootfs: { type: 'layers', diff_ids: [...base.rootfs.diff_ids, ...layers.map(({ diffId }) => diffId)] },
    history: [
      ...(base.history ?? []),
      ...recipe.layers.map(({ name }) => ({ created_by: `cosmicai: ${name}`, created })),
    ],
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
