import { UserInputError } from '@cosmicai/payload';
import type { Repository } from './registry.ts';

export interface ImageReference {
  readonly repository: Repository;
  /** A tag or a digest. */
  readonly version: string;
}

/**
 * Reads an image's name as Docker does: `node:24-slim` is Docker Hub's, a first part with a dot or a port is a registry's name.
 * Registries on this machine are spoken to without TLS.
 *
 * @throws UserInputError
 */
export function parseImage(name: string): ImageReference {
  const { host, path, tag, digest } =
    /^(?:(?<host>localhost(?::\d+)?|[\w-]+(?:\.[\w-]+)+(?::\d+)?|[\w-]+:\d+)\/)?(?<path>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/.exec(
      name,
    )?.groups ?? {};
  const version = digest ?? tag;
  if (path === undefined || version === undefined)
    throw new UserInputError(
      `"${name}" names no image: expected one such as public.ecr.aws/docker/library/node:24-slim, with a tag or a digest.`,
    );
  return { repository: repositoryOf(host, path), version };
}

/** Reads the name of an image without a tag. @throws UserInputError */
export function parseRepository(name: string): Repository {
  if (unversioned(name) !== name)
    throw new UserInputError(`"${name}" has a tag or a digest: leave it out, it is that of the content.`);
  return parseImage(`${name}:any`).repository;
}

/**
 * Reads `oci:<folder>` or `oci:<folder>:<tag>`, as skopeo and podman do.
 *
 * @returns undefined for the name of an image in a registry; the version is '' where none is named
 */
export function parseFolder(name: string): { readonly folder: string; readonly version: string } | undefined {
  const grammar = /^oci:(?<folder>.+?)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;
  const { folder, tag = '', digest } = grammar.exec(name)?.groups ?? {};
  return folder === undefined ? undefined : { folder, version: digest ?? tag };
}

function repositoryOf(host: string | undefined, path: string): Repository {
  if (host === undefined || host === 'docker.io')
    return { registry: 'https://registry-1.docker.io', name: path.includes('/') ? path : `library/${path}` };
  const here = /^(localhost|127\.0\.0\.1)(:|$)/.test(host);
  return { registry: `${here ? 'http' : 'https'}://${host}`, name: path };
}

/** The image's name with a digest in place of its tag. */
export function pinned(name: string, digest: string): string {
  return `${unversioned(name)}@${digest}`;
}

/** The image's name without tag and digest. */
export function unversioned(name: string): string {
  return name.replace(/@sha256:[0-9a-f]+$/, '').replace(/(?<!^oci):[\w.-]+$/, '');
}
