import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { trainedRangesFile } from '../../packages/payload/src/index.ts';
import yazl from 'yazl';
import type { Bundle } from './bundle.ts';
import { nativeFiles, type Architecture, type PackedFile } from './native-files.ts';

export interface ArchiveOptions {
  readonly architecture: Architecture;
  /** ONNX file packed as `model.onnx`; without it, every payload has to name a model. */
  readonly model?: string | undefined;
}

/** The oldest time a zip archive can hold: any fixed one makes archives of the same files equal byte for byte. */
const FIXED_TIME = new Date(1980, 0, 1);
const READABLE_BY_ALL = 0o100644;

/** The model, and the file beside it that tells what it was trained on, where there is one. */
function modelFiles(model: string): PackedFile[] {
  const trained = trainedRangesFile(model);
  return [
    { name: 'model.onnx', path: model },
    ...(existsSync(trained) ? [{ name: 'model.trained.json', path: trained }] : []),
  ];
}

/** Writes the zip file that Lambda unpacks: bundles, the native files of one architecture, and the model when given. */
export async function archive(bundle: Bundle, path: string, options: ArchiveOptions): Promise<void> {
  const natives = await Promise.all(
    bundle.natives.map((name) => nativeFiles(bundle.service, name, options.architecture)),
  );
  const files: PackedFile[] = [
    ...bundle.files.map((name) => ({ name, path: join(bundle.folder, name) })),
    ...natives.flat(),
    ...(options.model === undefined ? [] : modelFiles(options.model)),
  ];
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
      // Weights hardly shrink; everything else does.
      compress: file.name !== 'model.onnx',
    });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
}
