import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { archive } from '../bundle/archive.ts';
import { bundle, writeLocalDoor, type Bundle } from '../bundle/bundle.ts';
import type { Architecture } from '../bundle/native-files.ts';
import { stageModel } from '../stage/stage-model.ts';

/** The part of the framework that this plugin touches. */
interface Framework {
  readonly serviceDir: string;
  readonly service: {
    readonly provider: { readonly architecture?: Architecture };
    readonly custom: { readonly options: { readonly inference: { readonly model: string } } };
    readonly package: { artifact?: string };
    readonly functions: Readonly<Record<string, { readonly handler: string }>>;
  };
}

interface FrameworkOptions {
  /** File of the event that a function is invoked with. */
  readonly path?: string;
  extraServicePath?: string;
}

/**
 * Packs a service of this repository for the framework: its own zip instead of the framework's, which would take in
 * node_modules and the time of day. Serves `sls package`, `sls deploy` and `sls invoke local`; says nothing on stdout.
 */
export default class BundlePlugin {
  readonly hooks: Readonly<Record<string, () => Promise<void>>>;
  readonly #framework: Framework;
  readonly #options: FrameworkOptions;
  #closeDoor: (() => Promise<void>) | undefined;

  constructor(framework: Framework, options: FrameworkOptions) {
    this.#framework = framework;
    this.#options = options;
    this.hooks = {
      'before:package:createDeploymentArtifacts': () => this.#pack(),
      'before:invoke:local:invoke': () => this.#openDoor(),
      'after:invoke:local:invoke': async () => this.#closeDoor?.(),
    };
  }

  async #pack(): Promise<void> {
    const { service, serviceDir } = this.#framework;
    const bundled = await this.#bundle();
    const artifact = join(serviceDir, '.serverless', `${bundled.service}.zip`);
    await archive(bundled, artifact, {
      architecture: service.provider.architecture ?? 'x86_64',
      model: this.#modelOf(bundled),
    });
    service.package.artifact = artifact;
  }

  async #openDoor(): Promise<void> {
    const { functions } = this.#framework.service;
    const handlers = Object.values(functions).flatMap(({ handler }) => handler.split('.').slice(1, 2));
    // What the function answers is then all that stands on stdout.
    process.env.POWERTOOLS_LOG_LEVEL ??= 'SILENT';
    process.env.POWERTOOLS_METRICS_DISABLED ??= 'true';
    const bundled = await this.#bundle();
    const model = this.#modelOf(bundled);
    // As in the package: beside the bundle there is none before it is packed.
    if (model !== undefined) process.env.COSMICAI_MODEL ??= model;
    const examples = join(this.#framework.serviceDir, 'events');
    if (this.#options.path !== undefined && dirname(resolve(this.#options.path)) === examples) {
      // Bucket names of the examples stand for folders beside them.
      process.env.COSMICAI_STORE ??= pathToFileURL(join(examples, 'buckets')).href;
    }
    this.#closeDoor = await writeLocalDoor(bundled, handlers);
    this.#options.extraServicePath = 'dist';
  }

  /** Path of the model that belongs to the bundle, if it is there. */
  #modelOf({ natives }: Bundle): string | undefined {
    return natives.includes('onnxruntime-node')
      ? modelFile(this.#framework.service.custom.options.inference.model)
      : undefined;
  }

  async #bundle(): Promise<Bundle> {
    const [name = ''] = this.#framework.serviceDir.split(/[\\/]/).slice(-1);
    return await bundle(name);
  }
}

/** The model to pack, if it is there: without one in the function, every payload has to name its model. */
function modelFile(model: string): string | undefined {
  const path = stageModel(model);
  if (path === undefined || existsSync(path)) return path;
  process.stderr.write(`${path} is not there, so the function has no model of its own: payloads must name one.\n`);
  return undefined;
}
