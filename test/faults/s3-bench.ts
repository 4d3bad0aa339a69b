import { openStore, fileStore, type ObjectStore } from '../../packages/store/src/index.ts';
import { startMoto, type MotoServer } from '../moto-server.ts';
import { filesOf } from './invariants.ts';
import { startS3Proxy, type S3Proxy } from './s3-proxy/proxy.ts';
import { Site, type SiteOptions } from './site.ts';

/** A new folder, and what a site in it is made of. */
export interface Ground {
  readonly root: string;
  readonly options: SiteOptions;
  /** Options of its runs, whatever their partitions and results are. */
  readonly run: readonly string[];
}

/** What a command needs to reach S3 at an endpoint. */
function s3Environment(endpoint: string): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** Where sites over S3 are made: one server for all, a bucket and a proxy for each. */
export class S3Bench {
  readonly #moto: MotoServer;
  readonly #ground: () => Ground;
  #buckets = 0;
  #undisturbed: Promise<ReadonlyMap<string, string>> | undefined;

  static async open(ground: () => Ground): Promise<S3Bench> {
    return new S3Bench(await startMoto(), ground);
  }

  private constructor(moto: MotoServer, ground: () => Ground) {
    this.#moto = moto;
    this.#ground = ground;
    // What the laboratory itself looks at comes straight from the server.
    Object.assign(process.env, s3Environment(moto.url));
  }

  /** @param seed of what its proxy draws */
  async site(seed: number): Promise<S3Site> {
    const bucket = `faults-${++this.#buckets}`;
    await this.#moto.createBucket(bucket);
    const proxy = await startS3Proxy(this.#moto.url, seed);
    const { root, options, run } = this.#ground();
    const site = new S3Site(root, { ...options, environment: s3Environment(proxy.url) }, { proxy, bucket, run });
    const parts = fileStore(site.path('parts'));
    for await (const { key } of parts.list('')) await site.store.put(`parts/${key}`, await parts.get(key));
    return site;
  }

  /** What ranks leave in a run that nobody disturbs. */
  undisturbed(): Promise<ReadonlyMap<string, string>> {
    this.#undisturbed ??= this.#runUndisturbed();
    return this.#undisturbed;
  }

  async #runUndisturbed(): Promise<ReadonlyMap<string, string>> {
    const site = await this.site(0);
    try {
      const end = await site.run(site.runArgs());
      if (end.code !== 0) throw new Error(`a run over S3 that nobody disturbs fails: ${end.stderr}`);
      return await filesOf(site.store, 'results');
    } finally {
      await site.close();
    }
  }

  async close(): Promise<void> {
    await this.#moto.stop();
  }
}

/** A site whose partitions and results lie in a bucket of its own, which its commands reach through a proxy that fails by rules. */
export class S3Site extends Site {
  readonly proxy: S3Proxy;
  readonly #url: string;

  readonly #run: readonly string[];

  constructor(
    root: string,
    options: SiteOptions,
    { proxy, bucket, run }: Pick<Ground, 'run'> & { readonly proxy: S3Proxy; readonly bucket: string },
  ) {
    super(root, options);
    this.proxy = proxy;
    this.#run = run;
    this.#url = `s3://${bucket}`;
  }

  /** The bucket as it is, whatever its proxy says. */
  override get store(): ObjectStore {
    return openStore(this.#url);
  }

  runArgs(results = 'results'): string[] {
    const places = ['--data', `${this.#url}/parts`, '--results', `${this.#url}/${results}`];
    return ['run', ...places, '--model', 'model.onnx', ...this.#run];
  }

  /** The results as they are named on the command line. */
  resultsAddress(results = 'results'): string {
    return `${this.#url}/${results}`;
  }

  override results(name = 'results'): string {
    return this.resultsAddress(name);
  }

  /** They lie on this machine, wherever the results do. */
  override executions(): string[] {
    return super.executions('cosmicai');
  }

  async close(): Promise<void> {
    await this.proxy.stop();
    this.remove();
  }
}
