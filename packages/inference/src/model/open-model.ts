import { UserInputError, type Arithmetic, type TrainedRanges } from '@cosmicai/payload';
import { describeBatchDependence, probeModel, type Verdict } from '../contract/probe.ts';
import { KeptVerdicts } from '../contract/verdicts.ts';
import { ModelFailure } from '../errors.ts';
import { createPredictor, unusable, type Predictor, type PredictorOptions } from '../predictor.ts';
import { modelOnDisk } from './model-source.ts';
import { readModel, type ModelContent } from './read-model.ts';

/** A model ready to predict. */
export interface LoadedModel {
  /** Of all its files. */
  readonly sha256: string;
  readonly predictor: Predictor;
  /** What it was trained on; undefined where nobody says. */
  readonly trained: TrainedRanges | undefined;
  /** How far it is from the model that it was made of; undefined unless it was quantised. */
  readonly arithmetic: Arithmetic | undefined;
  /** The file beside it that says what it takes of a galaxy, where one does. */
  readonly specFile?: string | undefined;
  /** One sentence for each thing that was let pass. */
  readonly warnings: readonly string[];
}

export interface LoadOptions extends PredictorOptions {
  /** Take a model whose answer for a galaxy depends on its batch mates, default false. */
  readonly allowBatchDependence?: boolean;
  /** Where what was found of models is kept on this machine; default: a folder of this user's among the temporary files. */
  readonly cacheFolder?: string;
}

export interface OpenModelOptions extends LoadOptions {
  readonly modelPath: string;
  /** How messages name the model, default its path. */
  readonly label?: string;
}

/**
 * Opens a model file and, unless that was done on this machine before, tries it on a few galaxies: 32 predictions.
 *
 * @throws UserInputError that names the model and says why it can't be used
 */
export async function openModel({ modelPath, label, ...options }: OpenModelOptions): Promise<LoadedModel> {
  return await loadModel(await readModel(modelOnDisk(modelPath, label)), options);
}

/** The same for a model in memory, whose bytes are gone afterwards. */
export async function loadModel(content: ModelContent, options: LoadOptions): Promise<LoadedModel> {
  const { label, sha256, trained, arithmetic, specFile, notes } = content;
  const { names = {} } = options;
  const predictor = await createPredictor(content, options);
  try {
    const use = { names, spec: predictor.contract.spec };
    const verdicts = new KeptVerdicts(options.cacheFolder);
    const known = await verdicts.find(sha256, use);
    const verdict = known ?? (await named(label, probe(predictor)));
    if (known === undefined) await verdicts.keep(sha256, use, verdict);
    const warnings = [...notes, ...checkVerdict(verdict, label, options)];
    return { sha256, predictor, trained, arithmetic, specFile, warnings };
  } catch (error) {
    await predictor.close();
    throw error;
  }
}

function probe(predictor: Predictor): Promise<Verdict> {
  return probeModel((samples, forwardPass) => predictor.predict(samples, forwardPass), predictor.contract);
}

/** Says of which model something is wrong, where the error doesn't say so yet: what its predictor throws does. */
async function named<T>(label: string, doing: Promise<T>): Promise<T> {
  try {
    return await doing;
  } catch (error) {
    if (!(error instanceof UserInputError) || error instanceof ModelFailure) throw error;
    throw new UserInputError(unusable(label, error.message), { cause: error });
  }
}

/** @throws UserInputError when what was found of the model isn't allowed */
function checkVerdict(
  { batchDependence }: Verdict,
  label: string,
  { allowBatchDependence = false }: LoadOptions,
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
