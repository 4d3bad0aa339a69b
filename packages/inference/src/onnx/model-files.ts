import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { trainedRangesFile, UserInputError } from '@cosmicai/payload';
import { codeOf, kindOf } from '@cosmicai/store';
import { modelOnDisk } from '../model/model-source.ts';
import { readSpec, specFiles } from '../model/spec-file.ts';
import { describeOnnxFile } from './describe-onnx.ts';

/** What the files of a model are called, relative to the folder that it lies in, with / between folders. */
export interface ModelFileNames {
  readonly graph: string;
  /** Files that hold weights, as the graph names them, sorted. */
  readonly weights: readonly string[];
  /** Tells what the model was trained on; many models lack it. */
  readonly trained: string;
  /** Tells what the model takes, where its metadata don't. */
  readonly spec: string;
}

/** A file of a model on this machine. */
export interface ModelFile {
  readonly path: string;
  /** Relative to the model's folder, with / between folders. */
  readonly name: string;
  readonly size: number;
}

/** The files of a model on this machine. */
export interface ModelFiles {
  readonly graph: ModelFile;
  readonly weights: readonly ModelFile[];
  /** Undefined: there is none. */
  readonly trained: ModelFile | undefined;
  /** Undefined: there is none, or the model needs none. */
  readonly spec: ModelFile | undefined;
}

/**
 * Names all files of a model: wherever it goes, these go.
 *
 * @param graph what its own file is called, here or where it goes
 * @param externalFiles as the graph names them
 * @param label how messages name the model
 * @throws UserInputError for a name that leads out of the model's folder, or is taken by another file of the model
 */
export function modelFileNames(graph: string, externalFiles: readonly string[], label = graph): ModelFileNames {
  const trained = trainedRangesFile(graph);
  const weights = externalFiles.map((location) => checkedLocation(location, label));
  const taken = weights.find((name) => name === graph || name === trained);
  const [spec] = specFiles(graph);
  if (taken === undefined) return { graph, weights, trained, spec };
  throw new UserInputError(
    `The model ${label} can't be used: its weights are in a file named "${taken}", which is the name of ${taken === graph ? 'the model itself' : 'the file of its trained ranges'} there. Export it with another name for its weights.`,
  );
}

/**
 * The path of a file that a graph names for its weights, relative to the model.
 *
 * @throws UserInputError for a name that leads out of the model's folder
 */
export function checkedLocation(location: string, label: string): string {
  const parts = location.split('/');
  const isInside =
    location !== '' && !/[\\:\0]/.test(location) && parts.every((part) => !['', '.', '..'].includes(part));
  if (isInside) return location;
  throw new UserInputError(
    `The model ${label} can't be used: its weights are in a file named ${JSON.stringify(location)}, which isn't below the model's folder; such a file is not read.`,
  );
}

/**
 * Finds the files that a graph names for its weights, before anybody opens them.
 *
 * @param path of the graph
 * @throws what modelFileNames throws, and UserInputError when one isn't there, or is not a file
 */
export async function weightsAt(path: string, externalFiles: readonly string[], label = path): Promise<ModelFile[]> {
  const { weights } = modelFileNames(basename(path), externalFiles, label);
  return await Promise.all(
    weights.map(async (name) => {
      const at = join(dirname(path), name);
      const refused = (why: string, cause?: unknown) =>
        new UserInputError(
          `The weights of the model ${label} are in ${name}, which should lie beside it and ${why}. Copy both files together.`,
          { cause },
        );
      const found = await stat(at).catch((error: unknown) => {
        throw refused(`can't be read (${codeOf(error) ?? String(error)})`, error);
      });
      if (!found.isFile()) throw refused(`is ${kindOf(found)}`);
      return { path: at, name, size: found.size };
    }),
  );
}

/**
 * All files of a model on this machine, under the names that they have where it goes.
 *
 * @param graph name of the model's own file there, default the one it has here
 * @throws UserInputError when the file is not a model, one of its files isn't there, or names don't fit
 */
export async function modelFilesAt(path: string, graph = basename(path), label = path): Promise<ModelFiles> {
  const { externalFiles, metadata } = describeOnnxFile(path, label);
  const names = modelFileNames(graph, externalFiles, label);
  const weights = await weightsAt(path, externalFiles, label);
  const beside = trainedRangesFile(path);
  const trained = await trainedSize(beside);
  return {
    graph: { path, name: graph, size: (await stat(path)).size },
    weights,
    trained: trained === undefined ? undefined : { path: beside, name: names.trained, size: trained },
    spec: await specAt(path, metadata, names.spec),
  };
}

/** The file that says what a model takes, where one does and the model itself doesn't. @throws UserInputError when it is no spec */
async function specAt(
  path: string,
  metadata: ReadonlyMap<string, string>,
  name: string,
): Promise<ModelFile | undefined> {
  const { file } = await readSpec(modelOnDisk(path), metadata);
  return file && { path: file.label, name, size: file.size };
}

/**
 * Bytes of a file of trained ranges.
 *
 * @returns undefined where there is none
 * @throws UserInputError when something else has its name
 */
export async function trainedSize(beside: string): Promise<number | undefined> {
  try {
    // Opening a pipe would wait for whoever writes to it.
    const found = await stat(beside);
    if (!found.isFile()) throw new UserInputError(`${beside} is ${kindOf(found)}: expected a file of trained ranges.`);
    return found.size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (error instanceof UserInputError) throw error;
    throw new UserInputError(`${beside} can't be read: ${(error as Error).message}`, { cause: error });
  }
}
