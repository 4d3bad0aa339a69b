import { refuseNewerPredictions } from '@cosmicai/inference';
import { once, UserInputError, valueOf } from '@cosmicai/payload';
import { bufferSource, inPieces, storeSource, type ObjectStore } from '@cosmicai/store';
import {
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type AsyncBuffer,
  type DecodedArray,
  type FileMetaData,
  type SchemaTree,
} from 'hyparquet';
import type { Cell, Kind, Values } from '../table/column.ts';

/** Of a file up to this, all of it is read with one request; of others pieces, as the columns of a few rows are small. */
const READ_WHOLE_BYTES = 16 * 2 ** 20;

/** A column as a file of predictions has it. */
export interface FileColumn {
  readonly kind: Kind;
  readonly isList: boolean;
  readonly nullable: boolean;
}

/** A file of predictions, read a part at a time. */
export interface PredictionsSource {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, FileColumn>;
  /** Rows that are read together: each range begins where the one before ends. */
  readonly groups: readonly { readonly from: number; readonly to: number }[];
  /** Values of some columns, in their order. @param from and `to`: rows of one group */
  read(columns: readonly string[], from: number, to: number): Promise<Values[]>;
}

/** @throws NotFoundError, NewerFormatError, UserInputError for a column that no catalogue can hold */
export async function openPredictions(store: ObjectStore, key: string): Promise<PredictionsSource> {
  const source = await storeSource(store, key);
  const rows = once(async () =>
    source.size > READ_WHOLE_BYTES ? inPieces(source) : bufferSource(source.name, await source.read(0, source.size)),
  );
  const file: AsyncBuffer = {
    byteLength: source.size,
    slice: async (start, end = source.size) =>
      // The end alone says what is in the file, for who asks for no more.
      copied(await (end === source.size ? source : await rows()).read(start, end)),
  };
  const metadata = await parquetMetadataAsync(file);
  refuseNewerPredictions(metadata);
  const columns = new Map(
    parquetSchema(metadata).children.map((tree) => [tree.element.name, columnOf(tree, metadata, source.name)]),
  );
  return {
    rows: Number(metadata.num_rows),
    columns,
    groups: groupsOf(metadata),
    async read(names, from, to) {
      const wanted = new Map(
        names.flatMap((name) => {
          const column = columns.get(name);
          return column === undefined ? [] : [[name, roomFor(column, to - from)]];
        }),
      );
      await parquetRead({
        ...{ file, metadata, columns: [...wanted.keys()], rowStart: from, rowEnd: to },
        // A page at a time, so that no column is held twice.
        onChunk: ({ columnName, columnData, rowStart }) => {
          const values = wanted.get(columnName);
          if (values !== undefined) fill(values, columnData, rowStart - from);
        },
      });
      return names.map((name) => valueOf(wanted, name));
    },
  };
}

function copied(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function groupsOf({ row_groups: groups }: FileMetaData): PredictionsSource['groups'] {
  let to = 0;
  return groups.map(({ num_rows: rows }) => ({ from: to, to: (to += Number(rows)) }));
}

function roomFor({ kind, isList, nullable }: FileColumn, rows: number): Values {
  const nothing = () => new Array<null>(rows).fill(null);
  if (isList || nullable) return nothing();
  switch (kind) {
    case 'int32':
      return new Int32Array(rows);
    case 'int64':
      return new BigInt64Array(rows);
    case 'float32':
      return new Float32Array(rows);
    case 'float64':
      return new Float64Array(rows);
    default:
      return nothing();
  }
}

/** Puts a page's values where they belong; it may begin before the rows that are wanted, and end behind them. */
function fill(values: Values, page: DecodedArray, at: number): void {
  // Of a list that is null the decoder says undefined.
  const cells: ArrayLike<Cell | undefined> = page;
  const [first, end] = [Math.max(0, -at), Math.min(page.length, values.length - at)];
  if (Array.isArray(values)) for (let row = first; row < end; row++) values[at + row] = cells[row] ?? null;
  else if (values instanceof BigInt64Array) {
    for (let row = first; row < end; row++) {
      const cell = cells[row];
      values[at + row] = typeof cell === 'bigint' ? cell : 0n;
    }
  } else for (let row = first; row < end; row++) values[at + row] = Number(cells[row]);
}

const KINDS: Readonly<Record<string, Kind>> = {
  BOOLEAN: 'boolean',
  INT32: 'int32',
  INT64: 'int64',
  FLOAT: 'float32',
  DOUBLE: 'float64',
};

function columnOf(tree: SchemaTree, metadata: FileMetaData, file: string): FileColumn {
  const path = pathToLeaf(tree);
  const leaf = path.at(-1) ?? tree;
  const levels = path.filter(({ element }) => element.repetition_type === 'REPEATED').length;
  const { type, converted_type: converted, logical_type: logical } = leaf.element;
  const isText = type === 'BYTE_ARRAY' && (converted === 'UTF8' || logical?.type === 'STRING');
  const kind = isText ? 'text' : converted === undefined && logical === undefined ? KINDS[type ?? ''] : undefined;
  const isList = levels === 1;
  const fits = isList ? kind !== 'text' && kind !== 'boolean' : path.length === 1;
  if (kind === undefined || !fits)
    throw new UserInputError(
      `${file} has a column ${tree.element.name} of the Parquet type ${type ?? 'group'}${converted === undefined ? '' : ` (${converted})`}: a catalogue holds numbers, lists of numbers, text and true or false.`,
    );
  return { kind, isList, nullable: hasNulls(tree, metadata) };
}

/** From a column to what it holds: of a list, to its items. */
function pathToLeaf(tree: SchemaTree): SchemaTree[] {
  const [only, ...more] = tree.children;
  return [tree, ...(only === undefined || more.length > 0 ? [] : pathToLeaf(only))];
}

/** Files say of every column that it may have nulls; their statistics say whether there are any. */
function hasNulls(tree: SchemaTree, { row_groups: groups }: FileMetaData): boolean {
  if (tree.children.length > 0) return tree.element.repetition_type !== 'REQUIRED';
  if (tree.element.repetition_type === 'REQUIRED') return false;
  const chunks = groups.flatMap(({ columns }) =>
    columns.filter(({ meta_data: chunk }) => chunk?.path_in_schema[0] === tree.element.name),
  );
  return chunks.some(({ meta_data: chunk }) => chunk?.statistics?.null_count !== 0n);
}
