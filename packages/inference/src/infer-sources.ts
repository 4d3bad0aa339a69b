import { CosmicError, itemAt } from '@cosmicai/payload';
import { lookInto, type SampleInput } from '@cosmicai/samples';
import type { NamedFile } from '@cosmicai/store';
import type { LoadedModel } from './model/open-model.ts';
import type { PredictedSamples } from './predict-partition.ts';
import { predictSource, type PredictSourceOptions } from './predict-source.ts';
import { commonIds, type IdKind } from './predictions/predictions-encoder.ts';
import { PredictionsOut, type PredictionsFormat } from './predictions/predictions-out.ts';
import type { PartitionSeen } from './quality/findings.ts';

export interface InferSourcesOptions extends Pick<
  PredictSourceOptions,
  'batchSize' | 'checkCrc' | 'columns' | 'keep' | 'signal'
> {
  /** Where predictions go; absent: nowhere. */
  readonly out?: { readonly file: Pick<NamedFile, 'write'>; readonly format: PredictionsFormat } | undefined;
  /** Called for samples as soon as they are predicted, with the number of all of their file and its name. */
  readonly onPredicted: (samples: PredictedSamples, total: number, source: string) => void;
}

export interface InferredSources {
  readonly partitions: readonly PartitionSeen[];
  readonly batches: number;
  /** Of the images of each partition, in ascending order. */
  readonly hashes: readonly BigUint64Array[];
  /** Why the predictions aren't where they were to go; their figures stand. */
  readonly lost?: CosmicError;
}

/**
 * Predicts files one after the other and writes the predictions as they come, in the files' order: of a galaxy the hash of its image
 * is kept and not its prediction. Of several files it is looked up before how they name their objects, as all rows are alike.
 *
 * @throws as predictSource does, after the file of predictions has been abandoned
 */
export async function inferSources(
  inputs: readonly SampleInput[],
  model: LoadedModel,
  options: InferSourcesOptions,
): Promise<InferredSources> {
  const { out: to, onPredicted, ...reading } = options;
  const { spec } = model.predictor.contract;
  const { keep = [] } = reading;
  // Of one file there is no question, and without predictions only that of what is kept.
  const isAsked = inputs.length > 1 && (to !== undefined || keep.length > 0);
  const open = (place: number) => Promise.resolve(itemAt(inputs, place));
  const looked = isAsked ? await lookInto(inputs.length, open, { ...reading, spec }) : undefined;
  const ids = looked?.names.reduce<IdKind | undefined>(
    (one, other) => (one === undefined ? other : commonIds(one, other)),
    undefined,
  );
  const out = to && new PredictionsOut(to.file, { format: to.format, spec, ids, carried: looked?.kinds });
  const partitions: PartitionSeen[] = [];
  const hashes: BigUint64Array[] = [];
  let batches = 0;
  try {
    for (const source of inputs) {
      const predicted = await predictSource(source, model, {
        ...reading,
        async onPredicted(samples, total) {
          onPredicted(samples, total, source.name);
          await out?.add(source.name, samples);
        },
      });
      batches += Math.ceil(predicted.count / reading.batchSize);
      partitions.push({ ...predicted, partition: source.name });
      hashes.push(predicted.checks.hashes.sorted());
    }
  } catch (error) {
    await out?.abandon(error);
    throw error;
  }
  const lost = out && (await reasonLost(out.finish()));
  return { partitions, batches, hashes, ...(lost !== undefined && { lost }) };
}

/** The figures are worth their hours without the predictions, too. */
async function reasonLost(writing: Promise<void>): Promise<CosmicError | undefined> {
  try {
    await writing;
    return undefined;
  } catch (error) {
    if (error instanceof CosmicError) return error;
    throw error;
  }
}
