import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ownRegistry } from '../image/credentials.ts';
import { composeImage, resolveDigest, type ImageRecipe } from '../image/compose-image.ts';
import { parseImage, pinned, unversioned } from '../image/reference.ts';
import { RegistryClient, type Repository } from '../image/registry.ts';
import { inRepository, root } from '../root.ts';
import { command } from './run-stacks.ts';
import type { StageOptions } from './stage-options.ts';

const service = join(root, 'services/rendezvous');

/** The base's configuration is replaced by this: what services/rendezvous/Dockerfile says to those who build with Docker. */
export const SERVER_CONFIG = {
  User: 'node',
  // Node itself is process 1, so that SIGTERM reaches it and drains the server.
  Entrypoint: ['node', '--enable-source-maps', '/rendezvous.mjs'],
  Cmd: [],
  ExposedPorts: { '10000/tcp': {}, '10001/tcp': {} },
};

export interface ServerImage {
  /** In the stage's repository. */
  readonly tag: string;
  /** The base's name with its digest. */
  readonly base: string;
}

/**
 * Puts the server's image into the stage's repository, by the registries' own protocol. An image of the same content is there already.
 *
 * @param base that the deployed image has; undefined: whatever rendezvous.base_image means now
 * @throws EnvironmentError, RemoteError, UserInputError
 */
export async function pushImage(
  stage: string,
  { region, rendezvous }: StageOptions,
  base: string | undefined,
  signal: AbortSignal,
): Promise<ServerImage> {
  if (inRepository) await command(process.execPath, ['build.ts'], { cwd: service, signal });
  const named = parseImage(rendezvous.base_image);
  const from = new RegistryClient(named.repository, signal);
  // Another name in the stage's file is another base.
  const kept = base !== undefined && unversioned(base) === unversioned(rendezvous.base_image) ? base : undefined;
  const pin =
    kept ??
    pinned(
      rendezvous.base_image,
      await resolveDigest(from, named.version, rendezvous.base_image, "in rendezvous.base_image of the stage's file"),
    );
  const recipe: ImageRecipe = {
    architecture: rendezvous.architecture === 'ARM64' ? 'arm64' : 'amd64',
    base: parseImage(pin).version,
    layers: [
      {
        name: 'rendezvous.mjs',
        files: [{ name: 'rendezvous.mjs', content: await readFile(join(service, 'dist/rendezvous.mjs')) }],
      },
    ],
    config: SERVER_CONFIG,
  };
  const to = new RegistryClient(await stageRepository(stage, region, rendezvous.registry), signal);
  return { tag: await composeImage(recipe, from, to), base: pin };
}

/** @param registry where the stage's file names another than the account's own */
async function stageRepository(stage: string, region: string, registry: string): Promise<Repository> {
  const name = `cosmicai-${stage}-rendezvous`;
  if (registry !== '') return { ...parseImage(`${registry}/${name}:any`).repository };
  return { name, ...(await ownRegistry(region)) };
}
