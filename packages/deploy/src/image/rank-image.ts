import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DEMO_PRECISIONS, demoModel } from '@cosmicai/demo-model';
import { modelFilesAt } from '@cosmicai/inference';
import { UserInputError } from '@cosmicai/payload';
import { bundle } from '../bundle/bundle.ts';
import { nativeFiles, type Architecture } from '../bundle/native-files.ts';
import { taskBundle } from '../bundle/task-bundle.ts';
import { composeImage, resolveDigest, type ImageLayer, type ImageRecipe } from './compose-image.ts';
import { withCredentials } from './credentials.ts';
import type { ImageFile } from './layer.ts';
import { OciLayout } from './oci-layout.ts';
import { parseFolder, parseImage, parseRepository, pinned } from './reference.ts';
import { RegistryClient, type ImageStore, type Repository } from './registry.ts';

/** Node on Debian; of AWS's public registry, which asks nobody for an account. */
export const RANK_IMAGE_BASE = 'public.ecr.aws/docker/library/node:24-slim';

export interface RankImageOptions {
  /** Where the image goes: a name in a registry without a tag, or `oci:` and a folder. */
  readonly to: string;
  /** Image with Node, by name and tag or digest, or `oci:`, a folder and, where it has several, the tag. */
  readonly base: string;
  readonly architecture: Architecture;
  /** Absolute path of an ONNX file, in place of the demo model. */
  readonly model: string | undefined;
  /** Of the command. */
  readonly version: string;
  /** To which folders are relative. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

export interface RankImage {
  /** Its name with its tag. */
  readonly image: string;
  /** The base's name with its digest. */
  readonly base: string;
  /** Where tasks find a model that was given. */
  readonly model: string | undefined;
}

/** As in the repository, the demo model lies two folders above the program that asks for it. */
const HOME = 'opt/cosmicai';
const PROGRAM = `${HOME}/dist/task`;
const MODEL = `${HOME}/model/model.onnx`;

/**
 * Makes the image that tasks of an array run, and puts it where it belongs, without a container engine. Its tag is that of its content:
 * what is there already is not sent again.
 *
 * @throws UserInputError when a name or the model can't be used; EnvironmentError, RemoteError
 */
export async function makeRankImage(options: RankImageOptions): Promise<RankImage> {
  const { architecture, model, signal } = options;
  const to = await targetOf(options);
  const from = await baseOf(options);
  const digest = await resolveDigest(from.store, from.version, options.base, 'with --base');
  const recipe: ImageRecipe = {
    architecture: architecture === 'arm64' ? 'arm64' : 'amd64',
    base: digest,
    layers: [
      { name: 'onnxruntime', files: await runtimeFiles(architecture) },
      await modelLayer(model),
      await programLayer(options.version),
    ],
    config: {
      User: 'node',
      WorkingDir: '/tmp',
      // Node itself is process 1, so that SIGTERM reaches it: what a rank has done till then is kept.
      Entrypoint: ['node', `/${PROGRAM}/task.mjs`],
      Cmd: ['rank', '--help'],
    },
    ...(model !== undefined && { environment: { COSMICAI_MODEL: `/${MODEL}` } }),
  };
  signal.throwIfAborted();
  const tag = await composeImage(recipe, from.store, to);
  return {
    image: `${options.to}:${tag}`,
    base: pinned(options.base, digest),
    model: model === undefined ? undefined : `/${MODEL}`,
  };
}

/** What is here of a file that goes into the image. */
interface File {
  readonly name: string;
  readonly path: string;
}

async function modelLayer(model: string | undefined): Promise<ImageLayer> {
  const given = model === undefined ? DEMO_PRECISIONS.map((precision) => demoModel(precision)) : [model];
  const files = await Promise.all(given.map((path) => modelFilesAt(path, model && basename(MODEL))));
  const folder = model === undefined ? `${HOME}/dist` : dirname(MODEL);
  const named = files
    .flatMap(({ graph, weights, trained, spec }) => [graph, ...weights, trained, spec])
    .filter((file) => file !== undefined)
    .map(({ name, path }) => ({ name: `${folder}/${name}`, path }));
  return { name: 'model', files: await read(named) };
}

async function runtimeFiles(architecture: Architecture): Promise<ImageFile[]> {
  const files = await nativeFiles('inference', 'onnxruntime-node', architecture);
  return await read(files.map(({ name, path }) => ({ name: `${HOME}/${name}`, path })));
}

async function programLayer(version: string): Promise<ImageLayer> {
  const { folder, files } = await taskBundle();
  const services = await Promise.all(['init', 'inference', 'summarize'].map((service) => bundle(service)));
  const bundles = await read([
    ...files.map((name) => ({ name: `${PROGRAM}/${name}`, path: join(folder, name) })),
    ...services.flatMap(({ service, folder, files }) =>
      files.map((name) => ({ name: `${PROGRAM}/product/services/${service}/dist/${name}`, path: join(folder, name) })),
    ),
  ]);
  const text = (name: string, content: string, executable = false): ImageFile => ({
    name,
    content: Buffer.from(content),
    executable,
  });
  return {
    name: 'cosmicai',
    files: [
      ...bundles,
      text(`${HOME}/package.json`, JSON.stringify({ name: 'cosmicai', version, type: 'module' })),
      // For those who start a container's programs by name, as Slurm's tasks do.
      text('usr/local/bin/cosmicai', `#!/bin/sh\nexec node /${PROGRAM}/task.mjs "$@"\n`, true),
    ],
  };
}

/** In the order of their names, whatever the folders' own is. */
async function read(files: readonly File[]): Promise<ImageFile[]> {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  return await Promise.all(sorted.map(async ({ name, path }) => ({ name, content: await readFile(path) })));
}

/** @throws UserInputError */
async function targetOf({ to, cwd, environment, signal }: RankImageOptions): Promise<ImageStore> {
  const layout = parseFolder(to);
  if (layout === undefined) return await registryOf(parseRepository(to), environment, signal);
  if (layout.version !== '') throw new UserInputError(`"${to}" has a tag: leave it out, it is that of the content.`);
  return new OciLayout(resolve(cwd, layout.folder));
}

/** @throws UserInputError */
async function baseOf({ base, cwd, environment, signal }: RankImageOptions) {
  const layout = parseFolder(base);
  if (layout !== undefined) return { store: new OciLayout(resolve(cwd, layout.folder)), version: layout.version };
  const { repository, version } = parseImage(base);
  return { store: await registryOf(repository, environment, signal), version };
}

async function registryOf(
  repository: Repository,
  environment: RankImageOptions['environment'],
  signal: AbortSignal,
): Promise<ImageStore> {
  return new RegistryClient(await withCredentials(repository, environment), signal);
}
