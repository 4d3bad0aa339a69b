import type { KeyValue, RowGroup } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { KIND_BYTES, type Chunk, type Column, type Values } from '../../table/column.ts';
import { regrouped } from '../../table/regroup.ts';
import type { Format } from '../format.ts';
import { metadataOf } from './metadata.ts';
import { schemaOf } from './schema.ts';

/** Of values in a row group, before they are compressed: small enough to hold some, large enough that readers skip by them. */
const ROW_GROUP_BYTES = 8 * 2 ** 20;
/** What a text and a list are taken for before any was seen. */
const GUESSED_BYTES = { text: 24, items: 200 } as const;

export const parquet: Format = {
  name: 'parquet',
  endings: ['.parquet', '.pq'],
  isText: false,
  async *write(table) {
    const file = new ParquetPieces(table.columns, (longest) => metadataOf(table, longest));
    for await (const chunk of regrouped(table.chunks(), rowsPerGroup(table.columns))) yield file.group(chunk);
    yield file.end();
  },
};

/** A Parquet file that is handed over a row group at a time. */
export class ParquetPieces {
  readonly #columns: readonly Column[];
  readonly #bytes = new ByteWriter();
  readonly #file: ParquetWriter;
  readonly #metadata: (longest: ReadonlyMap<string, number>) => readonly KeyValue[];
  /** Of columns of text, the most characters of a row. */
  readonly #longest = new Map<string, number>();

  /** @param metadata key-value metadata of the file, which depend on how long the texts of its columns are */
  constructor(columns: readonly Column[], metadata: (longest: ReadonlyMap<string, number>) => readonly KeyValue[]) {
    this.#metadata = metadata;
    this.#columns = columns;
    this.#file = new ParquetWriter({
      writer: this.#bytes,
      schema: schemaOf(columns),
      createdBy: 'CosmicAI (hyparquet)',
    });
  }

  /** The bytes of some rows. @param chunk all columns of the file */
  group({ rows, values }: Chunk): Uint8Array {
    const columnData = this.#columns.map(({ name, kind, isList }, column) => {
      const data = values[column] ?? [];
      if (kind === 'text') this.#longest.set(name, longest(data, this.#longest.get(name) ?? 0));
      return { name, data: isList ? arrays(data) : data };
    });
    void this.#file.write({ columnData, rowGroupSize: Math.max(rows, 1) });
    return this.#taken();
  }

  /** Rows so far. */
  get rows(): number {
    return Number(this.#file.num_rows);
  }

  /** What is where in the file so far. */
  get rowGroups(): readonly RowGroup[] {
    return this.#file.row_groups;
  }

  /** Tells of row groups of other files, which name theirs: of a file that has none of its own. */
  tellOf(groups: readonly RowGroup[]): void {
    for (const group of groups) {
      this.#file.row_groups.push(group);
      this.#file.num_rows += group.num_rows;
    }
  }

  /** The end of the file: what is where in it. */
  end(): Uint8Array {
    this.#file.kvMetadata = [...this.#metadata(this.#longest)];
    void this.#file.finish();
    return this.#taken();
  }

  #taken(): Uint8Array {
    const bytes = this.#bytes.getBytes().slice();
    this.#bytes.index = 0;
    return bytes;
  }
}

export function rowsPerGroup(columns: readonly Column[]): number {
  const bytes = columns.reduce((sum, { kind, isList }) => {
    const one = kind === 'text' ? GUESSED_BYTES.text : KIND_BYTES[kind];
    return sum + (isList ? one * GUESSED_BYTES.items : one);
  }, 0);
  return Math.max(1000, Math.floor(ROW_GROUP_BYTES / Math.max(bytes, 1)));
}

function longest(values: Values, most: number): number {
  for (const cell of values) if (typeof cell === 'string' && cell.length > most) most = cell.length;
  return most;
}

/** The encoder takes lists as arrays alone. */
function arrays(values: Values): Values {
  return Array.from(values, (cell) => (typeof cell === 'object' && cell !== null ? Array.from(cell) : cell));
}
