import { ftruncateSync, fstatSync, writeSync } from 'node:fs';

/** Appends a line to a file, whole or not at all: what a disk takes of it before it is full is taken back. */
export function appendWhole(file: number, line: string): void {
  const bytes = Buffer.from(line);
  const { size } = fstatSync(file);
  try {
    for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
  } catch (error) {
    takeBack(file, size);
    throw error;
  }
}

function takeBack(file: number, size: number): void {
  try {
    ftruncateSync(file, size);
  } catch {
    // A device. Half a last line is not an event to whoever reads the log.
  }
}
