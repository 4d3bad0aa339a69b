import { gzipSync } from 'node:zlib';
import { sha256 } from './registry.ts';

export interface Layer {
  /** tar, gzipped: what a registry stores. */
  readonly bytes: Buffer;
  /** Of the tar itself, by which an image's configuration names it. */
  readonly diffId: string;
}

const BLOCK = 512;

/** A layer with one file at the root of the image, for all to read: the same bytes for the same content. */
export function fileLayer(name: string, content: Uint8Array): Layer {
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  // Two empty blocks end an archive.
  const tar = Buffer.concat([tarHeader(name, content.length), content, padding, Buffer.alloc(2 * BLOCK)]);
  return { bytes: gzipSync(tar, { level: 9 }), diffId: sha256(tar) };
}

/** POSIX ustar, owned by root, of no time. */
function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(name, 0, 100);
  header.write(octal(0o644, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(size, 11), 124);
  header.write(octal(0, 11), 136);
  // The sum is made with blanks in its own place.
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\0' + '00', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
