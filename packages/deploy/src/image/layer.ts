import { gzipSync } from 'node:zlib';
import { sha256 } from './registry.ts';

/** A file of an image. */
export interface ImageFile {
  /** Path in the image, without a slash before it. */
  readonly name: string;
  readonly content: Uint8Array;
  /** Default: false. All may read it. */
  readonly executable?: boolean;
}

export interface Layer {
  /** tar, gzipped: what a registry stores. */
  readonly bytes: Buffer;
  /** Of the tar itself, by which an image's configuration names it. */
  readonly diffId: string;
}

const BLOCK = 512;

/** A layer of files, for all to read: the same bytes for the same files. Folders come into being with what lies in them. */
export function layerOf(files: readonly ImageFile[]): Layer {
  const parts = files.flatMap((file) => [
    tarHeader(file),
    file.content,
    Buffer.alloc((BLOCK - (file.content.length % BLOCK)) % BLOCK),
  ]);
  // Two empty blocks end an archive.
  const tar = Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
  return { bytes: gzipSync(tar), diffId: sha256(tar) };
}

/** POSIX ustar, owned by root, of no time. */
function tarHeader({ name, content, executable = false }: ImageFile): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  const { folder, rest } = splitName(name);
  header.write(rest, 0, 100);
  header.write(octal(executable ? 0o755 : 0o644, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(content.length, 11), 124);
  header.write(octal(0, 11), 136);
  // The sum is made with blanks in its own place.
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\0' + '00', 257);
  header.write(folder, 345, 155);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** A header has 100 bytes for a name, and 155 for the folders before it. */
function splitName(name: string): { readonly folder: string; readonly rest: string } {
  if (Buffer.byteLength(name) <= 100) return { folder: '', rest: name };
  for (let at = name.indexOf('/'); at !== -1; at = name.indexOf('/', at + 1)) {
    const [folder, rest] = [name.slice(0, at), name.slice(at + 1)];
    if (Buffer.byteLength(rest) <= 100 && Buffer.byteLength(folder) <= 155) return { folder, rest };
  }
  throw new RangeError(`"${name}" is too long a name for an archive.`);
}
