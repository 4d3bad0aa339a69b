import { createHash, type Hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import {
  defined,
  UserInputError,
  writtenSpec,
  type Arithmetic,
  type ModelSpec,
  type TrainedRanges,
} from '@cosmicai/payload';
import { sha256Of } from '@cosmicai/store';
import { describeOnnx } from '../onnx/describe-onnx.ts';
import { arithmeticIn } from '../onnx/arithmetic.ts';
import { modelFileNames } from '../onnx/model-files.ts';
import { readTrainedRanges, type FoundRanges } from '../quality/trained-ranges.ts';
import type { FoundFile, ModelSource } from './model-source.ts';
import { readSpec, type FoundSpec } from './spec-file.ts';

/** A model read into memory: what is described, hashed and run are the same bytes, whatever becomes of the files. */
export interface ModelContent {
  readonly label: string;
  readonly bytes: ModelBytes;
  /** Of all its files, see identityOf. */
  readonly sha256: string;
  /** Bytes of all files. */
  readonly size: number;
  /** What it takes of a galaxy: what its metadata tell, else the file beside it, else what AstroMAE takes. */
  readonly spec: ModelSpec;
  /** The file beside it that says so. */
  readonly specFile: string | undefined;
  /** One sentence for each file beside it that might be thought to say so, and doesn't. */
  readonly notes: readonly string[];
  /** What it was trained on; undefined where nobody says. */
  readonly trained: TrainedRanges | undefined;
  /** What its metadata say of how it was quantised; undefined where they don't. */
  readonly arithmetic: Arithmetic | undefined;
  /** Versions of the files beside the graph that were read, undefined for one that was looked for and isn't there. */
  readonly beside: ReadonlyMap<string, string | undefined>;
}

/** What a session is made of. */
export interface ModelBytes {
  readonly graph: Uint8Array<ArrayBuffer>;
  /** By the names that the graph gives them. */
  readonly external: readonly { readonly path: string; readonly data: Uint8Array<ArrayBuffer> }[];
}

/**
 * Reads a model with its data files and trained ranges.
 *
 * @param graph as it was found; undefined: it is looked for
 * @throws UserInputError when it isn't there, lacks data files, or is not an ONNX model
 */
export async function readModel(source: ModelSource, graph?: FoundFile): Promise<ModelContent> {
  const bytes = await readGraph(source, graph);
  const { metadata, externalFiles, nestedExternalFiles } = describeOnnx(bytes, source.label);
  const [nested] = nestedExternalFiles;
  // onnxruntime takes data files from memory for the outermost graph only.
  if (nested !== undefined) {
    throw new UserInputError(
      `The model ${source.label} can't be used: weights of a graph within its graph, as If and Loop have, are in ${nested}. Save it as one file: onnx.save_model(model, path, save_as_external_data=False).`,
    );
  }
  const said = await readSpec(source, metadata);
  const { spec } = said;
  const trained = await readTrainedRanges(source, metadata, spec);
  const { sha256, size, external, versions } = await readWeights(source, bytes, externalFiles);
  return {
    label: source.label,
    bytes: { graph: bytes, external },
    sha256: identityOf(sha256, said, trained),
    size,
    spec,
    specFile: said.file?.label,
    notes: said.notes,
    trained: trained.ranges,
    arithmetic: arithmeticIn(metadata, source.label),
    beside: new Map<string, string | undefined>([...versions, ...said.beside, ...trained.beside]),
  };
}

/** The bytes of a graph. @throws UserInputError when it isn't there or can't be read */
export async function readGraph(source: ModelSource, found?: FoundFile): Promise<Uint8Array<ArrayBuffer>> {
  const graph = found ?? (await source.find(source.graph));
  if (graph === undefined) throw new UserInputError(source.absent);
  return await graph.read();
}

/**
 * What a model is told by: the SHA-256 of its graph where there is nothing else; with its data files where it has some; and of that
 * and of what files beside it say, where its metadata don't: its answers mean what the spec says, and its flags go by the ranges.
 * Comments and the order of keys in these files make no difference.
 *
 * @param weights as readWeights hashes graph and data files
 */
export function identityOf(weights: string, spec: FoundSpec, trained: FoundRanges): string {
  const told = defined({
    spec: spec.file === undefined ? undefined : writtenSpec(spec.spec),
    trained: trained.file === undefined ? undefined : trained.ranges,
  });
  return Object.keys(told).length === 0 ? weights : sha256Of(JSON.stringify({ weights, ...told }));
}

/** The data files of a graph, read and hashed with it. */
export interface ModelWeights extends Pick<ModelContent, 'size'> {
  /** Of the graph where it has no data files; else of it and of the names, sizes and bytes of those, sorted by name. */
  readonly sha256: string;
  readonly external: ModelBytes['external'];
  /** Versions of the data files by name. */
  readonly versions: readonly (readonly [name: string, version: string])[];
}

/**
 * @param externalFiles as the graph names them, sorted
 * @throws UserInputError when one isn't there or can't be read, or names don't fit
 */
export async function readWeights(
  source: ModelSource,
  graph: Uint8Array,
  externalFiles: readonly string[],
): Promise<ModelWeights> {
  const { weights } = modelFileNames(source.graph, externalFiles, source.label);
  // All of them, before the first one is read: there may be much to read.
  const files: (readonly [name: string, file: FoundFile])[] = [];
  for (const name of weights) files.push([name, await findWeights(source, name)]);
  const hash = createHash('sha256');
  await update(hash, graph);
  const external: { path: string; data: Uint8Array<ArrayBuffer> }[] = [];
  for (const [path, file] of files) {
    const data = await file.read();
    hash.update(`\n${path}\n${data.byteLength}\n`);
    await update(hash, data);
    external.push({ path, data });
  }
  return {
    sha256: hash.digest('hex'),
    size: external.reduce((sum, { data }) => sum + data.byteLength, graph.byteLength),
    external,
    versions: files.map(([name, { version }]) => [name, version]),
  };
}

/** @throws UserInputError when the file of weights isn't there */
export async function findWeights(source: ModelSource, name: string): Promise<FoundFile> {
  const found = await source.find(name);
  if (found !== undefined) return found;
  throw new UserInputError(
    `The weights of the model ${source.label} are in ${name}, which should lie beside it and isn't there. Copy both files together.`,
  );
}

/** Hashed at a time, some 30 ms: the event loop goes on in between. */
const HASHED_AT_ONCE = 1 << 25;

async function update(hash: Hash, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; at += HASHED_AT_ONCE) {
    hash.update(bytes.subarray(at, at + HASHED_AT_ONCE));
    await setImmediate();
  }
}
