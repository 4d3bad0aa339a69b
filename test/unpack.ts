import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';

export interface UnpackedFile {
  readonly name: string;
  readonly size: number;
}

/** Unpacks a zip file into a folder, as Lambda does into /var/task, and lists what was in it. */
export async function unpack(archive: string, folder: string): Promise<UnpackedFile[]> {
  const files: UnpackedFile[] = [];
  const zip = await openPromise(archive);
  for await (const entry of zip.eachEntry()) {
    const path = join(folder, entry.fileName);
    await mkdir(dirname(path), { recursive: true });
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path));
    files.push({ name: entry.fileName, size: entry.uncompressedSize });
  }
  return files;
}
