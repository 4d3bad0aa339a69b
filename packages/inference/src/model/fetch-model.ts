import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '@cosmicai/store';
import { describeOnnx } from '../onnx/describe-onnx.ts';
import { modelFileNames } from '../onnx/model-files.ts';
import { findWeights, readGraph } from './read-model.ts';
import type { ModelSource } from './model-source.ts';
import { readSpec } from './spec-file.ts';

/** A model as files of this machine. */
export interface FetchedModel {
  /** Of the graph. */
  readonly path: string;
  /** Of all its files. */
  readonly bytes: number;
  readonly files: number;
}

/**
 * Brings a model into a folder with all that belongs to it: its graph, its weights and what it was trained on.
 *
 * @param folder nobody else's
 * @throws UserInputError when it isn't there, lacks data files, or is not an ONNX model
 */
export async function fetchModel(source: ModelSource, folder: string): Promise<FetchedModel> {
  const graph = await readGraph(source);
  const { externalFiles, metadata } = describeOnnx(graph, source.label);
  const { weights, trained, spec } = modelFileNames(source.graph, externalFiles, source.label);
  const beside = [];
  for (const name of weights) beside.push({ name, file: await findWeights(source, name) });
  const ranges = await source.find(trained);
  if (ranges !== undefined) beside.push({ name: trained, file: ranges });
  const { file: said } = await readSpec(source, metadata);
  if (said !== undefined) beside.push({ name: spec, file: said });
  let bytes = graph.byteLength;
  for (const { name, file } of beside) {
    const content = await file.read();
    bytes += content.byteLength;
    await writeInto(join(folder, name), content);
  }
  const path = join(folder, source.graph);
  await writeInto(path, graph);
  return { path, bytes, files: 1 + beside.length };
}

async function writeInto(path: string, content: Uint8Array): Promise<void> {
  await makeFolder(dirname(path));
  await writeFile(path, content);
}
