import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { modelFilesAt } from '@cosmicai/inference';
import { UserInputError } from '@cosmicai/payload';
import yazl from 'yazl';
import type { Bundle } from './bundle.ts';
import { nativeFiles, type Architecture, type PackedFile } from './native-files.ts';

export interface ArchiveOptions {
  readonly architecture: Architecture;
  /** ONNX file packed as `model.onnx`, with the files that belong to it; without it, every payload has to name a model. */
  readonly model?: string | undefined;
}

/** The oldest time a zip archive can hold: any fixed one makes archives of the same files equal byte for byte. */
const FIXED_TIME = new Date(1980, 0, 1);
const READABLE_BY_ALL = 0o100644;

/** What of a model is packed, all that `modelFilesAt` finds, so that the function opens it as it lies here. */
async function modelFiles(model: string): Promise<PackedFile[]> {
  const { graph, weights, trained, spec } = await modelFilesAt(model, 'model.onnx');
  return [
    // Weights hardly shrink.
    ...[graph, ...weights].map(({ name, path }) => ({ name, path, compress: false })),
    ...[trained, spec].filter((file) => file !== undefined),
  ];
}

/** Weights may be called anything; unpacked, one of two files of the same name would be gone. @throws UserInputError */
function refuseSameNames(files: readonly PackedFile[], model: string | undefined): void {
  const names = new Set<string>();
  for (const { name } of files) {
    if (names.has(name))
      throw new UserInputError(
        `The model ${model ?? ''} can't be packed: its weights are in a file named "${name}", and the function has one of that name. Export it with another name for its weights.`,
      );
    names.add(name);
  }
}

/**
 * Writes the zip file that Lambda unpacks: bundles, the native files of one architecture, and the model when given.
 *
 * @throws UserInputError when a file of the model isn't there or has a name that is taken
 */
export async function archive(bundle: Bundle, path: string, options: ArchiveOptions): Promise<void> {
  const natives = await Promise.all(
    bundle.natives.map((name) => nativeFiles(bundle.service, name, options.architecture)),
  );
  const files: PackedFile[] = [
    ...bundle.files.map((name) => ({ name, path: join(bundle.folder, name) })),
    ...natives.flat(),
    ...(options.model === undefined ? [] : await modelFiles(options.model)),
  ];
  refuseSameNames(files, options.model);
  files.sort((a, b) => (a.name < b.name ? -1 : 1));
  await mkdir(dirname(path), { recursive: true });
  const zip = new yazl.ZipFile();
  for (const file of files) {
    // Read whole, because added streams would be written in the order in which they happen to end.
    const content = await readFile(file.path);
    zip.addBuffer(content, file.name, {
      mtime: FIXED_TIME,
      forceDosTimestamp: true,
      mode: READABLE_BY_ALL,
      compress: file.compress ?? true,
    });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
}
