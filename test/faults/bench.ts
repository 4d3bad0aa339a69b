import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodePredictions } from '../../packages/inference/src/index.ts';
import { fileStore } from '../../packages/store/src/index.ts';
import { writeSurvey } from '../../packages/survey/src/index.ts';
import { partitionSize } from '../../packages/torchfile/src/index.ts';
import { node, numbers, testModel } from '../onnx-models.ts';
import { bitsOf, filesOf, galaxyName, type Truth } from './invariants.ts';
import { S3Bench } from './s3-bench.ts';
import { Site } from './site.ts';

/** Partitions of a site, and so ranks of a run: 1.pt, 2.pt, …, each with so many galaxies. */
export const RANKS = 3;
const GALAXIES_EACH = 4;

/** What runs that nobody disturbs are: what all others are compared with. */
const RUN = ['--world-size', String(RANKS), '--batch-size', '4', '--concurrency', '2', '--no-report'];

/** The command line of the runs that schedules disturb. @param fmi whether the ranks meet */
export function runArgs({ results = 'results', fmi = false } = {}): string[] {
  return ['run', '--data', 'parts', '--model', 'model.onnx', '--results', results, ...RUN, ...(fmi ? ['--fmi'] : [])];
}

/** Where sites are made, and what is true of the galaxies in them. */
export class Bench {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cosmicai-faults-'));
  readonly #shared = { compiled: join(this.#folder, 'compiled'), ownFolder: join(this.#folder, 'own') };
  readonly #template = join(this.#folder, 'template');
  /** Bits by the index of a galaxy, by the SHA-256 of the partition and that of the model. */
  readonly #predicted = new Map<string, readonly string[]>();
  #undisturbed: Promise<ReadonlyMap<string, string>> | undefined;
  #sites = 0;
  #s3: Promise<S3Bench> | undefined;

  /** Another survey and another model of the same shape, to swap with. */
  readonly others = join(this.#folder, 'others');
  readonly otherModel = join(this.#folder, 'other.onnx');

  static async open(): Promise<Bench> {
    const bench = new Bench();
    mkdirSync(bench.#shared.ownFolder);
    mkdirSync(bench.#template);
    await writeParts(join(bench.#template, 'parts'), 1);
    await writeParts(bench.others, 2);
    writeFileSync(join(bench.#template, 'model.onnx'), testModel());
    writeFileSync(bench.otherModel, otherModel());
    // Tries the models, whose verdicts all sites get.
    const site = bench.site();
    await bench.truthAt(site);
    cpSync(bench.otherModel, site.path('model.onnx'));
    await bench.truthAt(site);
    cpSync(site.temporary, bench.#shared.ownFolder, { recursive: true });
    site.remove();
    return bench;
  }

  /** @param home folder in which results are written; default: that of the site */
  site(home?: string): Site {
    // With a space, so that commands are printed as a shell takes them, or fail.
    const root = join(this.#folder, `site ${++this.#sites}`);
    mkdirSync(root);
    return new Site(root, { shared: this.#shared, template: this.#template, ...(home !== undefined && { home }) });
  }

  /** Where sites are made whose partitions and results lie on S3. */
  s3(): Promise<S3Bench> {
    this.#s3 ??= S3Bench.open(() => {
      const root = join(this.#folder, `site-${++this.#sites}`);
      mkdirSync(root);
      return { root, options: { shared: this.#shared, template: this.#template }, run: RUN };
    });
    return this.#s3;
  }

  /** What must be predicted of what lies in a site's partitions now, by the model that lies there now. */
  async truthAt(site: Site): Promise<Truth> {
    const model = sha256At(site.path('model.onnx'));
    const truth = new Map<string, string>();
    for (const name of readdirSync(site.path('parts')).sort()) {
      const rows = await this.#predictions(site, site.path('parts', name), model);
      rows.forEach((bits, index) => truth.set(galaxyName(name, index), bits));
    }
    return truth;
  }

  async #predictions(site: Site, partition: string, model: string): Promise<readonly string[]> {
    const key = `${sha256At(partition)} ${model}`;
    const known = this.#predicted.get(key);
    if (known !== undefined) return known;
    const out = join(site.temporary, '..', 'truth.parquet');
    const end = await site.run(['infer', partition, '--model', 'model.onnx', '--batch-size', '4', '--out', out]);
    if (end.code !== 0) throw new Error(`what is true can't be found out: ${end.stderr}`);
    const rows = (await decodePredictions(readFileSync(out))).map(bitsOf);
    this.#predicted.set(key, rows);
    return rows;
  }

  /** What ranks leave in a run that nobody disturbs. */
  undisturbed(): Promise<ReadonlyMap<string, string>> {
    this.#undisturbed ??= this.#runUndisturbed();
    return this.#undisturbed;
  }

  async #runUndisturbed(): Promise<ReadonlyMap<string, string>> {
    const site = this.site();
    try {
      const end = await site.run(runArgs());
      if (end.code !== 0) throw new Error(`a run that nobody disturbs fails: ${end.stderr}`);
      return await filesOf(site.store, 'results');
    } finally {
      site.remove();
    }
  }

  async remove(): Promise<void> {
    await (await this.#s3)?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function writeParts(folder: string, seed: number): Promise<void> {
  const partitionBytes = Math.ceil(1.05 * partitionSize({ count: GALAXIES_EACH }));
  await writeSurvey(fileStore(folder), '', { count: RANKS * GALAXIES_EACH, seed, partitionBytes });
}

/** Predicts something else of every galaxy. */
function otherModel(): Uint8Array {
  return testModel({ answer: [node('Mul', ['z', 'half'], 'redshift')], constants: { half: numbers(0.5) } });
}

function sha256At(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
