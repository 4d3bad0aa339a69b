import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserInputError, type TrainedRanges } from '@cosmicai/payload';
import { describeBatchDependence, probeModel, type Verdict } from './contract/probe.ts';
import { KeptVerdicts } from './contract/verdicts.ts';
import { describeOnnxFile } from './onnx/describe-file.ts';
import { readModelBytes } from './onnx/model-bytes.ts';
import { weightsAt } from './onnx/model-files.ts';
import { createPredictor, unusable, type Predictor, type PredictorOptions } from './predictor.ts';
import { readTrainedRanges } from './quality/trained-ranges.ts';

/** A model ready to predict. */
export interface LoadedModel {
  /** Of all its files. */
  readonly sha256: string;
  readonly predictor: Predictor;
  /** What it was trained on; undefined where nobody says. */
  readonly trained: TrainedRanges | undefined;
  /** One sentence for each thing that was let pass. */
  readonly warnings: readonly string[];
}

export interface OpenModelOptions extends PredictorOptions {
  /** Take a model whose redshift of a galaxy depends on its batch mates, default false. */
  readonly allowBatchDependence?: boolean;
  /** Where models and what was found of them are kept on this machine. */
  readonly cacheFolder?: string;
}

export const DEFAULT_CACHE_FOLDER = join(tmpdir(), 'cosmicai-models');

/**
 * Opens a model and, unless that was done on this machine before, tries it on a few galaxies: 32 predictions.
 *
 * @throws UserInputError that names the model and says why it can't be used
 */
export async function openModel(options: OpenModelOptions): Promise<LoadedModel> {
  const { modelPath, label = modelPath, names = {}, cacheFolder = DEFAULT_CACHE_FOLDER } = options;
  const { metadata, externalFiles } = describeOnnxFile(modelPath, label);
  // Before any session starts: onnxruntime opens whatever files a graph names.
  const weights = await weightsAt(modelPath, externalFiles, label);
  const opening = createPredictor(options);
  try {
    const [{ sha256 }, trained] = await Promise.all([
      readModelBytes(modelPath, weights),
      readTrainedRanges(modelPath, metadata),
    ]);
    const verdicts = new KeptVerdicts(cacheFolder);
    const known = await verdicts.find(sha256, names);
    const predictor = await opening;
    const verdict = known ?? (await named(label, probe(predictor)));
    if (known === undefined) await verdicts.keep(sha256, names, verdict);
    const warnings = checkVerdict(verdict, options);
    return { sha256, predictor, trained, warnings };
  } catch (error) {
    await opening.then(
      (predictor) => predictor.close(),
      () => undefined,
    );
    throw error;
  }
}

function probe(predictor: Predictor): Promise<Verdict> {
  return probeModel((samples, forwardPass) => predictor.predict(samples, forwardPass), predictor.contract);
}

/** Says of which model something is wrong, where the error doesn't say so yet. */
async function named<T>(label: string, doing: Promise<T>): Promise<T> {
  try {
    return await doing;
  } catch (error) {
    if (!(error instanceof UserInputError) || error.message.startsWith(unusable(label, ''))) throw error;
    throw new UserInputError(unusable(label, error.message), { cause: error });
  }
}

/** @throws UserInputError when what was found of the model isn't allowed */
function checkVerdict(
  { batchDependence }: Verdict,
  { modelPath, label = modelPath, allowBatchDependence = false }: OpenModelOptions,
): string[] {
  if (batchDependence === null) return [];
  const found = describeBatchDependence(batchDependence);
  if (allowBatchDependence) return [`The model ${label}: ${found}.`];
  throw new UserInputError(
    unusable(
      label,
      `${found}. It may have been exported in training mode (export model.eval()), or normalize over the batch. ` +
        'To use it all the same: --allow-batch-dependence (payload: "allow_batch_dependence": true).',
    ),
  );
}
