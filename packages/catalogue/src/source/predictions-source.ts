import { refuseNewerPredictions } from '@cosmicai/inference';
import { UserInputError } from '@cosmicai/payload';
import { storeSource, type ObjectStore, type SourceVersion } from '@cosmicai/store';
import {
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
  type AsyncBuffer,
  type DecodedArray,
  type FileMetaData,
  type ParquetScan,
  type SchemaTree,
} from 'hyparquet';
import type { Cell, Kind, Values } from '../table/column.ts';

/** Of a file up to this, all of it is read with one request. */
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
  /** @param from and `to`: rows of one group */
  read(column: string, from: number, to: number): Promise<Values>;
}

/** @throws NotFoundError, NewerFormatError, UserInputError for a column that no catalogue can hold */
export async function openPredictions(
  store: ObjectStore,
  key: string,
  version?: SourceVersion,
): Promise<PredictionsSource> {
  const source = await storeSource(store, key, version);
  const whole = source.size > READ_WHOLE_BYTES ? undefined : await source.read(0, source.size);
  const file: AsyncBuffer = {
    byteLength: source.size,
    slice: async (start, end = source.size) => {
      const bytes = whole?.subarray(start, end) ?? (await source.read(start, end));
      return Uint8Array.from(bytes).buffer;
    },
  };
  const metadata = await parquetMetadataAsync(file);
  refuseNewerPredictions(metadata);
  const columns = new Map(
    parquetSchema(metadata).children.map((tree) => [tree.element.name, columnOf(tree, metadata, source.name)]),
  );
  const scan = await parquetScan({ file, metadata });
  return {
    rows: Number(metadata.num_rows),
    columns,
    groups: scan.ranges.map(({ rowStart, rowEnd }) => ({ from: rowStart, to: rowEnd })),
    read: (column, from, to) => read(scan, column, from, to),
  };
}

async function read(scan: ParquetScan, column: string, rowStart: number, rowEnd: number): Promise<Values> {
  const values: DecodedArray = await scan.readColumn({ column, rowStart, rowEnd });
  if (values instanceof Uint8Array || values instanceof Uint32Array) return Array.from(values);
  if (values instanceof BigUint64Array) return Array.from(values);
  // Of a list that is null the decoder says undefined.
  return Array.isArray(values) && values.includes(undefined) ? values.map((value: Cell) => value ?? null) : values;
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
