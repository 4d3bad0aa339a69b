import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { ModelSpec } from '@cosmicai/payload';
import type { CarriedKind } from '@cosmicai/samples';
import type { NamedFile } from '@cosmicai/store';
import type { PredictedSamples } from '../predict-partition.ts';
import { carriedKinds } from './carried-columns.ts';
import { CsvEncoder } from './csv-encoder.ts';
import { commonIds, idsOf, PredictionsEncoder, type IdKind } from './predictions-encoder.ts';

export type PredictionsFormat = 'csv' | 'parquet';

export interface PredictionsOutOptions {
  readonly format: PredictionsFormat;
  readonly spec: Pick<ModelSpec, 'features' | 'outputs'>;
  /** How the objects of all files are named together; default: as the first samples are. */
  readonly ids?: IdKind | undefined;
  /** What is kept of the files, in types that hold that of all; default: as the first samples have it. */
  readonly carried?: readonly CarriedKind[] | undefined;
}

/** A named file of predictions, written as they come: no more of them is kept than a row group of Parquet. */
export class PredictionsOut {
  readonly #file: Pick<NamedFile, 'write'>;
  readonly #options: PredictionsOutOptions;
  // A part is taken before the next one is made.
  readonly #parts = new PassThrough({ highWaterMark: 0 });
  #encoder: CsvEncoder | PredictionsEncoder | undefined;
  #ids: IdKind | undefined;
  #written: Promise<void> | undefined;
  #lost = false;

  constructor(file: Pick<NamedFile, 'write'>, options: PredictionsOutOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** Takes samples in the order of the files. Where writing has failed it takes them and does nothing: `finish` says why. */
  async add(partition: string, samples: PredictedSamples): Promise<void> {
    this.#ids ??= this.#options.ids ?? idsOf(samples);
    if (commonIds(this.#ids, idsOf(samples)) !== this.#ids && this.#ids !== 'text')
      throw new TypeError(`${partition} names its objects in another way than it did when it was first looked at`);
    this.#encoder ??= this.#encoderOf(this.#options.carried ?? carriedKinds(samples));
    for (const part of this.#encoder.add(partition, samples)) await this.#write(part);
  }

  /** @throws as the file's `write` does, also for what failed before */
  async finish(): Promise<void> {
    this.#encoder ??= this.#encoderOf(this.#options.carried ?? []);
    await this.#write(this.#encoder.finish());
    this.#parts.end();
    await this.#written;
  }

  /** Ends a file that is not to be: nothing is left of one that isn't in place yet. */
  async abandon(reason: unknown): Promise<void> {
    if (this.#written === undefined) return;
    this.#parts.destroy(reason instanceof Error ? reason : new Error(String(reason)));
    await this.#written.catch(() => undefined);
  }

  #encoderOf(carried: readonly CarriedKind[]): CsvEncoder | PredictionsEncoder {
    const { format, spec } = this.#options;
    const ids = this.#ids ?? 'none';
    if (format === 'csv') return new CsvEncoder(ids !== 'none');
    return new PredictionsEncoder({ rank: 0, features: spec.features, outputs: spec.outputs, ids, carried });
  }

  async #write(part: string | Uint8Array): Promise<void> {
    this.#written ??= this.#begin();
    if (this.#lost || part.length === 0 || this.#parts.write(part)) return;
    await Promise.race([once(this.#parts, 'drain'), this.#written]).catch(() => undefined);
  }

  #begin(): Promise<void> {
    const written = this.#file.write(this.#parts);
    written.catch(() => (this.#lost = true));
    return written;
  }
}
