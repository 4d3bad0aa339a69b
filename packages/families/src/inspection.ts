import {
  arithmeticIn,
  checkedLocation,
  describeOnnx,
  identityOf,
  modelOnDisk,
  openModel,
  readGraph,
  readSpec,
  readTrainedRanges,
  readWeights,
  type FoundRanges,
  type FoundSpec,
  type ModelContract,
  type ModelSource,
  type OnnxDescription,
  type OpenModelOptions,
} from '@cosmicai/inference';
import {
  TRAINED_RANGES_KEY,
  trainedRangesFile,
  UserInputError,
  type Arithmetic,
  type ModelSpec,
  type TrainedRanges,
} from '@cosmicai/payload';
import { FAMILIES } from './families.ts';
import type { CompiledReport } from './family.ts';

/** Whether `infer` takes the model, and how; or why it doesn't. */
export type Usability =
  | { readonly usable: true; readonly contract: ModelContract; readonly warnings: readonly string[] }
  | { readonly usable: false; readonly why: string };

/** What can be said of an ONNX file, whoever wrote it. */
export interface Inspection {
  readonly path: string;
  readonly file: OnnxDescription;
  /** Of the file, its data files and what files beside it say; null where one of those isn't there. */
  readonly sha256: string | null;
  readonly fileBytes: number;
  /** What it takes and answers, and the file beside it that says so; null where what is said can't be read. */
  readonly spec: (ModelSpec & { readonly from: string | null }) | null;
  /** One sentence for each file beside it that might be thought to be its spec, and isn't. */
  readonly notes: readonly string[];
  readonly externalFiles: readonly { readonly name: string; readonly bytes: number | null }[];
  readonly trained: Trained;
  /** Of a model in integers; null of any other. */
  readonly arithmetic: Arithmetic | null;
  /** What the family that compiled it says; null for one made elsewhere. */
  readonly compiled: CompiledReport | null;
  readonly inference: Usability;
}

type Trained =
  | { readonly from: string; readonly ranges: TrainedRanges }
  | { readonly from: string; readonly problem: string }
  | null;

/** By this entry of its metadata a file says that it was compiled here, and by which family. */
const OWN = 'cosmicai.architecture';

/** @throws UserInputError when the file is not a whole ONNX model: it is named as what it is */
export async function inspectFile(
  path: string,
  use: Pick<OpenModelOptions, 'names' | 'allowBatchDependence'>,
): Promise<Inspection> {
  const source = modelOnDisk(path);
  const graph = await readGraph(source);
  const file = describeOnnx(graph, path);
  const said = await orProblem(readSpec(source, file.metadata));
  const spec = 'problem' in said ? undefined : said.spec;
  const trained = await orProblem(readTrainedRanges(source, file.metadata, spec));
  return {
    path,
    file,
    sha256: await sha256Of(source, graph, file, said, trained),
    spec: 'problem' in said ? null : { ...said.spec, from: said.file?.label ?? null },
    notes: 'problem' in said ? [] : said.notes,
    fileBytes: graph.byteLength,
    externalFiles: await Promise.all(file.externalFiles.map((name) => externalFile(source, name))),
    trained: trainedOf(path, file, trained),
    arithmetic: arithmeticOf(path, file),
    compiled: compiledOf(graph, file),
    inference: await usability(path, use),
  };
}

async function externalFile(source: ModelSource, name: string): Promise<{ name: string; bytes: number | null }> {
  try {
    return { name, bytes: (await source.find(checkedLocation(name, source.label)))?.size ?? null };
  } catch {
    // Said with the reason by what would open the model.
    return { name, bytes: null };
  }
}

type OrProblem<T> = T | { readonly problem: string };

/** Null where a file that belongs to the model isn't there, or says what nobody can read. */
async function sha256Of(
  source: ModelSource,
  graph: Uint8Array,
  { externalFiles }: OnnxDescription,
  said: OrProblem<FoundSpec>,
  trained: OrProblem<FoundRanges>,
): Promise<string | null> {
  const weights = await orProblem(readWeights(source, graph, externalFiles));
  if ('problem' in weights || 'problem' in said || 'problem' in trained) return null;
  return identityOf(weights.sha256, said, trained);
}

function trainedOf(path: string, { metadata }: OnnxDescription, found: OrProblem<FoundRanges>): Trained {
  const from = metadata.has(TRAINED_RANGES_KEY) ? `metadata ${TRAINED_RANGES_KEY}` : trainedRangesFile(path);
  if ('problem' in found) return { from, problem: found.problem };
  return found.ranges === undefined ? null : { from, ranges: found.ranges };
}

/** What is wrong with the note is said as the reason why the model can't be run. */
function arithmeticOf(path: string, { metadata }: OnnxDescription): Arithmetic | null {
  try {
    return arithmeticIn(metadata, path) ?? null;
  } catch (error) {
    if (error instanceof UserInputError) return null;
    throw error;
  }
}

function compiledOf(graph: Uint8Array, { metadata }: OnnxDescription): CompiledReport | null {
  const architecture = metadata.get(OWN);
  const family = FAMILIES.find(
    ({ architectures }) => architecture !== undefined && architectures.includes(architecture),
  );
  try {
    return family?.describe(graph) ?? null;
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
async function orProblem<T>(doing: Promise<T>): Promise<OrProblem<T>> {
  try {
    return await doing;
  } catch (error) {
    if (error instanceof UserInputError) return { problem: error.message };
    throw error;
  }
}
