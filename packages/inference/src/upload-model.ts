import { modelStem } from '@cosmicai/payload';
import { compareFile, sendFile, type FileToSend, type ObjectStore, type ReadOptions } from '@cosmicai/store';
import { specFiles } from './model/spec-file.ts';
import { modelFileNames, modelFilesAt } from './onnx/model-files.ts';

/** Where a model went. */
export interface UploadedModel {
  /** Of its graph: what payloads call the model. */
  readonly key: string;
  /** Keys written now. */
  readonly sent: readonly string[];
  /** Keys that had this content already. */
  readonly kept: readonly string[];
  /** Keys of the trained ranges and the spec of another model that was there under this name. */
  readonly removed: readonly string[];
}

/**
 * Brings a model into a store whole: its graph, its weights beside it and what it was trained on; files that are there already
 * stay as they are. A model with weights beside it gets a folder of its own, because many models call theirs alike.
 *
 * @param path of the ONNX file
 * @param prefix key prefix of models, without a slash at its end
 * @throws UserInputError when it is not a model, or one of its files isn't there
 */
export async function uploadModel(
  path: string,
  store: ObjectStore,
  prefix: string,
  options: ReadOptions = {},
): Promise<UploadedModel> {
  const { graph, weights, trained, spec } = await modelFilesAt(path);
  const folder = weights.length === 0 ? prefix : `${prefix}/${modelStem(graph.name)}`;
  // The graph is the last: whoever finds it finds what it names.
  const files = [...weights, ...[trained, spec].filter((file) => file !== undefined), graph];
  const compared: FileToSend[] = [];
  for (const file of files) compared.push(await compareFile(file.path, store, `${folder}/${file.name}`, options));
  const missing = compared.filter(({ isThere }) => !isThere);
  const others = modelFileNames(graph.name, []);
  const gone = [
    ...(trained === undefined ? [others.trained] : []),
    // Under any name: two specs at once would be refused.
    ...specFiles(graph.name).filter((name) => name !== spec?.name),
  ];
  const removed = missing.length === 0 ? [] : await removeAll(store, folder, gone);
  for (const file of missing) await sendFile(file, store, options);
  return {
    key: `${folder}/${graph.name}`,
    sent: missing.map(({ key }) => key),
    kept: compared.filter(({ isThere }) => isThere).map(({ key }) => key),
    removed,
  };
}

/** A line for people: every file of a model, and what became of it. */
export function describeUpload({ sent, kept, removed }: UploadedModel): string {
  const parts: readonly (readonly [keys: readonly string[], what: string])[] = [
    [sent, 'uploaded'],
    [kept, 'there already'],
    [removed, 'deleted: told of an earlier model of this name'],
  ];
  return `Model: ${parts.flatMap(([keys, what]) => (keys.length === 0 ? [] : [`${keys.join(', ')} ${what}`])).join('; ')}`;
}

/** What was told of the model that had this name before says nothing of this one. */
async function removeAll(store: ObjectStore, folder: string, names: readonly string[]): Promise<string[]> {
  const removed: string[] = [];
  for (const name of names) {
    const key = `${folder}/${name}`;
    if ((await store.head(key)) === undefined) continue;
    await store.delete(key);
    removed.push(key);
  }
  return removed;
}
