import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inspectModel, type ModelReport } from '@cosmicai/astromae';
import {
  checkedLocation,
  describeOnnxFile,
  openModel,
  readModelBytes,
  readTrainedRanges,
  weightsAt,
  type ModelContract,
  type OnnxDescription,
  type OpenModelOptions,
} from '@cosmicai/inference';
import { TRAINED_RANGES_KEY, trainedRangesFile, UserInputError, type TrainedRanges } from '@cosmicai/payload';

/** Whether `infer` takes the model, and how; or why it doesn't. */
export type Usability =
  | { readonly usable: true; readonly contract: ModelContract; readonly warnings: readonly string[] }
  | { readonly usable: false; readonly why: string };

/** What can be said of an ONNX file, whoever wrote it. */
export interface Inspection {
  readonly path: string;
  readonly file: OnnxDescription;
  /** Of the file and its data files; null where one of those isn't there. */
  readonly sha256: string | null;
  readonly fileBytes: number;
  readonly externalFiles: readonly { readonly name: string; readonly bytes: number | null }[];
  readonly trained: Trained;
  /** What the compiler says of a file of its own; null for one made elsewhere. */
  readonly compiled: ModelReport | null;
  readonly inference: Usability;
}

type Trained =
  | { readonly from: string; readonly ranges: TrainedRanges }
  | { readonly from: string; readonly problem: string }
  | null;

/** By this entry of its metadata a file says that it is one of this system's compiler. */
const OWN = 'cosmicai.architecture';

/** @throws UserInputError when the file is no whole ONNX model: it is named as what it is */
export async function inspectFile(
  path: string,
  use: Pick<OpenModelOptions, 'names' | 'allowBatchDependence'>,
): Promise<Inspection> {
  const file = describeOnnxFile(path);
  const bytes = await orProblem(weightsAt(path, file.externalFiles).then((weights) => readModelBytes(path, weights)));
  return {
    path,
    file,
    sha256: 'problem' in bytes ? null : bytes.sha256,
    fileBytes: (await stat(path)).size,
    externalFiles: await Promise.all(file.externalFiles.map((name) => externalFile(path, name))),
    trained: await trainedOf(path, file),
    compiled: await compiledOf(path, file),
    inference: await usability(path, use),
  };
}

async function externalFile(path: string, name: string): Promise<{ name: string; bytes: number | null }> {
  try {
    return { name, bytes: (await stat(join(dirname(path), checkedLocation(name, path)))).size };
  } catch {
    // Said with the reason by what would open the model.
    return { name, bytes: null };
  }
}

async function trainedOf(path: string, { metadata }: OnnxDescription): Promise<Trained> {
  const from = metadata.has(TRAINED_RANGES_KEY) ? `metadata ${TRAINED_RANGES_KEY}` : trainedRangesFile(path);
  const ranges = await orProblem(readTrainedRanges(path, metadata));
  if (ranges === undefined) return null;
  return 'problem' in ranges ? { from, problem: ranges.problem } : { from, ranges };
}

async function compiledOf(path: string, { metadata }: OnnxDescription): Promise<ModelReport | null> {
  if (!metadata.has(OWN)) return null;
  try {
    return inspectModel(await readFile(path));
  } catch (error) {
    // Changed by somebody else since: described like any other.
    if (error instanceof UserInputError) return null;
    throw error;
  }
}

async function usability(
  modelPath: string,
  use: Pick<OpenModelOptions, 'names' | 'allowBatchDependence'>,
): Promise<Usability> {
  const opened = await orProblem(openModel({ ...use, modelPath, workers: 1 }));
  if ('problem' in opened) return { usable: false, why: opened.problem };
  const { predictor, warnings } = opened;
  await predictor.close();
  return { usable: true, contract: predictor.contract, warnings };
}

/** What was asked for, or why its user can't have it. */
async function orProblem<T>(doing: Promise<T>): Promise<T | { readonly problem: string }> {
  try {
    return await doing;
  } catch (error) {
    if (error instanceof UserInputError) return { problem: error.message };
    throw error;
  }
}
