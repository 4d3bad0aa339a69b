import type { Table } from '../table/column.ts';

/** How a catalogue is written. */
export interface Format {
  /** As `--format` takes it. */
  readonly name: string;
  /** Of files' names, by which it is known. */
  readonly endings: readonly string[];
  readonly isText: boolean;
  /** The whole file, a part at a time. */
  write(table: Table): AsyncIterable<Uint8Array | string>;
}
