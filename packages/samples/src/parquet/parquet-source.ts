import {
  ASTROMAE,
  CosmicError,
  isInOrder,
  UnusableFileError,
  type ColumnChoice,
  type ModelSpec,
} from '@cosmicai/payload';
import type { ByteSource } from '@cosmicai/store';
import {
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
} from 'hyparquet';
import type { OpenSamplesOptions } from '../format.ts';
import { newNumbers, put } from '../new-values.ts';
import { rangedSource } from '../ranged-source.ts';
import type { ColumnValues, ExactValues, Gaps, SampleColumn, SampleSource } from '../source.ts';
import { CellError, cellOfBytes, cellOfList, setNumber, type Cell } from './cells.ts';
import { fieldOf, type Field, type FieldKind } from './fields.ts';

/** Of the column of a row group, unpacked: it is decoded as a whole, and kept for the next batches. */
const MOST_GROUP_BYTES = 512 * 2 ** 20;
/** Row groups of a column that are kept: batches lie across the border of two. */
const GROUPS_KEPT = 2;

interface Group {
  /** First row, and one past the last. */
  readonly from: number;
  readonly to: number;
}

interface OpenColumn {
  readonly column: SampleColumn;
  readonly kind: FieldKind;
  readonly held: Map<Group, Promise<ColumnValues>>;
  /** Of a column with gaps: numbers as they are, of the groups that were asked for so. */
  readonly exact: Map<Group, Promise<ExactValues>>;
}

/**
 * The rows of a Parquet file, by row groups: numbers, text, lists of numbers (nested as they like, of one shape), and bytes of
 * float32, npy or FITS, as they are or in a struct<bytes, path>. Flat arrays that can be the spec's images are those.
 *
 * @throws UnusableFileError when it is truncated or damaged
 */
export async function openParquetSource(
  file: ByteSource,
  { spec = ASTROMAE, columns: choice }: OpenSamplesOptions = {},
): Promise<SampleSource> {
  const metadata = await guarded(file, () => parquetMetadataAsync(bufferOf(file)));
  const groups = groupsOf(file, metadata);
  const count = groups.at(-1)?.to ?? 0;
  const compressors = await compressorsFor(metadata);
  const unfit = new Map<string, string>();
  const columns: OpenColumn[] = [];
  const fields = await guarded(file, () => Promise.resolve(parquetSchema(metadata).children.map(fieldOf)));
  for (const field of fields) {
    const problem = field.problem ?? tooLarge(metadata, field);
    if (problem !== undefined || field.kind === undefined) {
      unfit.set(field.name, problem ?? '');
      continue;
    }
    try {
      columns.push(await openColumn(field.name, field.kind));
    } catch (error) {
      if (!(error instanceof CellError)) throw error;
      unfit.set(field.name, error.message);
    }
  }

  async function openColumn(name: string, kind: FieldKind): Promise<OpenColumn> {
    const held = new Map<Group, Promise<ColumnValues>>();
    const exact = new Map<Group, Promise<ExactValues>>();
    if (kind.kind === 'text') return { column: { name, type: 'text', shape: [] }, kind, held, exact };
    if (kind.kind === 'numbers') {
      const isGapped = hasGaps(metadata, name) && !kind.type.startsWith('float');
      const type = isGapped ? 'float64' : kind.type;
      const gaps: Gaps | undefined = isGapped ? { type: kind.type } : undefined;
      return { column: { name, type, shape: [], ...(gaps && { gaps }) }, kind: { kind: 'numbers', type }, held, exact };
    }
    // Without a row nothing tells the shape of arrays, and nobody asks for it.
    if (count === 0)
      return { column: { name, type: kind.kind === 'lists' ? kind.type : 'float32', shape: [0] }, kind, held, exact };
    const [first] = await raw(name, { from: 0, to: 1 });
    const cell = await cellOf(kind, first);
    return { column: { name, type: cell.type, shape: imageShape(cell.shape, spec, choice) }, kind, held, exact };
  }

  async function raw(name: string, { from, to }: Group): Promise<unknown[]> {
    return guarded(file, async () => {
      const options = { metadata, rowStart: from, rowEnd: to, utf8: false, geoparquet: false };
      const rows = await parquetReadObjects({
        ...options,
        columns: [name],
        ...(compressors && { compressors }),
        file: bufferOf(file),
      });
      if (rows.length === to - from) return rows.map((row) => row[name] as unknown);
      throw new UnusableFileError(
        file.name,
        undefined,
        `${name} has ${rows.length} of the ${to - from} rows from ${from} on`,
      );
    });
  }

  async function decode({ column, kind }: OpenColumn, group: Group): Promise<ColumnValues> {
    const cells = await raw(column.name, group);
    const { type, shape } = column;
    if (kind.kind === 'text' || type === 'text') return cells.map((cell) => (typeof cell === 'string' ? cell : ''));
    const size = shape.reduce((product, length) => product * length, 1);
    const values = newNumbers(type, cells.length * size);
    for (const [row, cell] of cells.entries()) {
      try {
        if (kind.kind === 'numbers') setNumber(values, row, cell);
        else {
          const { values: numbers, type: found } = await cellOf(kind, cell);
          if (numbers.length !== size || found !== type)
            throw new CellError(`has ${numbers.length} numbers (${found})`);
          put(values, numbers, row * size);
        }
      } catch (error) {
        if (!(error instanceof CellError)) throw error;
        throw new UnusableFileError(
          file.name,
          undefined,
          `row ${group.from + row} of ${column.name} ${error.message}; expected ${size} (${type}), as in the first row`,
        );
      }
    }
    return values;
  }

  async function decodeExactly({ column }: OpenColumn, group: Group): Promise<ExactValues> {
    const cells = await raw(column.name, group);
    return cells.map((cell) => {
      if (typeof cell === 'number' || typeof cell === 'bigint') return cell;
      return typeof cell === 'boolean' ? Number(cell) : null;
    });
  }

  /** Whoever asks first doesn't take the values along when he stops waiting. */
  function once<Values>(held: Map<Group, Promise<Values>>, group: Group, read: () => Promise<Values>): Promise<Values> {
    const known = held.get(group);
    if (known !== undefined) return known;
    const decoded = read();
    held.set(group, decoded);
    decoded.catch(() => held.delete(group));
    const [oldest] = held.keys();
    if (held.size > GROUPS_KEPT && oldest !== undefined) held.delete(oldest);
    return decoded;
  }

  async function rows(open: OpenColumn, from: number, to: number): Promise<ColumnValues> {
    const { type, shape } = open.column;
    const size = shape.reduce((product, length) => product * length, 1);
    const here = groups.filter((group) => group.from < to && from < group.to);
    const texts: string[] = [];
    const numbers = type === 'text' ? undefined : newNumbers(type, (to - from) * size);
    for (const group of here) {
      const values = await once(open.held, group, () => decode(open, group));
      const start = Math.max(from, group.from);
      const part = values.slice((start - group.from) * size, (Math.min(to, group.to) - group.from) * size);
      if (!ArrayBuffer.isView(part)) texts.push(...part);
      else if (numbers !== undefined) put(numbers, part, (start - from) * size);
    }
    return numbers ?? texts;
  }

  return rangedSource({
    name: file.name,
    count,
    columns: columns.map(({ column }) => column),
    ...(unfit.size > 0 && { unfit }),
    unchecked: () => 'the sums that pages of Parquet files may have are not looked at',
    async values(from, to, wanted) {
      const values = new Map<string, ColumnValues>();
      for (const open of columns.filter(({ column }) => wanted.includes(column))) {
        values.set(open.column.name, await rows(open, from, to));
      }
      return values;
    },
    async exact(from, to, column) {
      const open = columns.find((candidate) => candidate.column === column);
      const numbers: (number | bigint | null)[] = [];
      for (const group of groups.filter((candidate) => candidate.from < to && from < candidate.to)) {
        if (open === undefined) break;
        const values = await once(open.exact, group, () => decodeExactly(open, group));
        numbers.push(...values.slice(Math.max(from, group.from) - group.from, Math.min(to, group.to) - group.from));
      }
      return numbers;
    },
  });
}

async function cellOf(kind: Exclude<FieldKind, { kind: 'numbers' | 'text' }>, value: unknown): Promise<Cell> {
  if (kind.kind === 'lists') return cellOfList(value, kind.type);
  const bytes = kind.inStruct ? (value as { readonly bytes?: unknown } | null)?.bytes : value;
  if (!(bytes instanceof Uint8Array)) throw new CellError('has rows without bytes');
  return await cellOfBytes(bytes);
}

/** More channels than this are those of no camera. */
const MOST_CHANNELS = 64;

/**
 * Flat arrays as large as the images that a model takes, or larger (where it has them resized, of any size), are [bands, side, side],
 * or as the columns say [side, side, bands]: with the bands that are named, else as many as the model has, else as many more as make
 * squares, where one number does.
 */
function imageShape(
  shape: readonly number[],
  { image }: ModelSpec,
  choice: ColumnChoice | undefined,
): readonly number[] {
  const [length = 0] = shape;
  if (shape.length !== 1) return shape;
  const smallest = image.fit === 'resize' ? 1 : image.side;
  const sideOf = (bands: number) => Math.sqrt(length / bands);
  const isImage = (bands: number) => Number.isInteger(sideOf(bands)) && sideOf(bands) >= smallest;
  const said = choice === undefined || isInOrder(choice) ? undefined : choice;
  const named = said?.bands?.split('/').length;
  const own = [named ?? image.bands.length].filter(isImage);
  const more = Array.from({ length: MOST_CHANNELS }, (_, at) => at + 1).filter(
    (bands) => bands > image.bands.length && isImage(bands),
  );
  const [bands, second] = own.length > 0 || named !== undefined ? own : more;
  if (bands === undefined || second !== undefined) return shape;
  const side = sideOf(bands);
  return said?.layout === 'NHWC' ? [side, side, bands] : [bands, side, side];
}

function groupsOf(file: ByteSource, { row_groups: groups }: FileMetaData): Group[] {
  let from = 0;
  return groups.map(({ num_rows: rows, columns }) => {
    for (const { meta_data: chunk } of columns) {
      const end = Number(chunk?.data_page_offset ?? 0n) + Number(chunk?.total_compressed_size ?? 0n);
      // The dictionary, if there is one, lies before the pages and counts as well.
      if (chunk !== undefined && Number(chunk.data_page_offset) < end && Number(chunk.data_page_offset) <= file.size)
        continue;
      throw new UnusableFileError(file.name, undefined, 'its row groups lie outside of it: it is truncated or damaged');
    }
    const group = { from, to: from + Number(rows) };
    from = group.to;
    return group;
  });
}

function chunksOf({ row_groups: groups }: FileMetaData, name: string) {
  return groups.flatMap(({ columns }) =>
    columns.flatMap(({ meta_data: chunk }) => (chunk?.path_in_schema[0] === name ? [chunk] : [])),
  );
}

/** Whether values are missing, as far as the file tells. */
function hasGaps(metadata: FileMetaData, name: string): boolean {
  return chunksOf(metadata, name).some(({ statistics }) => Number(statistics?.null_count ?? 0n) > 0);
}

function tooLarge(metadata: FileMetaData, { name }: Field): string | undefined {
  const most = Math.max(...chunksOf(metadata, name).map((chunk) => Number(chunk.total_uncompressed_size)));
  if (!(most > MOST_GROUP_BYTES)) return undefined;
  const [found, read] = [most, MOST_GROUP_BYTES].map((bytes) => Math.round(bytes / 2 ** 20));
  return `has row groups of ${found} MiB, and up to ${read} are read. Write it again with fewer rows in each: to_parquet(…, row_group_size=1000)`;
}

/** The library has one codec inside; the others are loaded for files that need them. */
async function compressorsFor(metadata: FileMetaData): Promise<Compressors | undefined> {
  const codecs = metadata.row_groups.flatMap(({ columns }) => columns.map(({ meta_data: chunk }) => chunk?.codec));
  if (codecs.every((codec) => codec === 'UNCOMPRESSED' || codec === 'SNAPPY')) return undefined;
  return (await import('hyparquet-compressors')).compressors;
}

function bufferOf(file: ByteSource): AsyncBuffer {
  return {
    byteLength: file.size,
    async slice(start, end = file.size) {
      const bytes = await file.read(Math.max(0, start), Math.min(end, file.size));
      return Uint8Array.from(bytes).buffer;
    },
  };
}

/** What the library throws is said to be the file's fault; what the store throws is not. */
async function guarded<Result>(file: ByteSource, read: () => Promise<Result>): Promise<Result> {
  let failure: unknown;
  try {
    return await read();
  } catch (error) {
    failure = error;
  }
  if (failure instanceof CosmicError || failure instanceof CellError) throw failure;
  const why = failure instanceof Error ? failure.message : String(failure);
  throw new UnusableFileError(file.name, undefined, `this Parquet file can’t be read: ${why}`, { cause: failure });
}
