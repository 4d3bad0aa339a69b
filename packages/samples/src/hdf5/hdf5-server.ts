import { parentPort, workerData } from 'node:worker_threads';
import type { ColumnValues } from '../source.ts';
import {
  isTable,
  loadLibrary,
  problemOf,
  slice,
  tableBytes,
  typeOf,
  type Hdf5Data,
  type Hdf5Group,
  type LoadedLibrary,
} from './library.ts';
import { SHARED_BYTES, STATE, STATE_BYTES, type Hdf5Dataset, type Hdf5Message, type Hdf5Request } from './messages.ts';
import { columnIn, columnsOf, hasVaryingLength } from './table.ts';

/** Bytes that are asked for at once, and how many of these pieces of a file are kept. */
const BLOCK_BYTES = 2 ** 20;
const MOST_BLOCKS = 16;
/** Files that are open at once. */
const MOST_FILES = 4;
/** Groups within groups. */
const DEEPEST = 8;
const MOST_DATASETS = 2000;
/** Rows of whole chunks are kept for the next read, up to so many bytes. */
const MOST_HELD_BYTES = 256 * 2 ** 20;

interface OpenFile {
  readonly root: Hdf5Group;
  readonly path: string;
  readonly held: Map<string, { readonly from: number; readonly to: number; readonly values: ColumnValues }>;
}

/** Answers requests for HDF5 files in a thread of its own, where the library may wait for bytes. */
export async function serveHdf5(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('this is a part of another program, and runs in a thread of it');
  const shared = workerData as SharedArrayBuffer;
  const loaded = await loadLibrary();
  const files = new Map<number, OpenFile>();
  let request = 0;

  function fetchBytes(start: number, end: number): Uint8Array | undefined {
    const state = new Int32Array(shared, 0, 1);
    Atomics.store(state, 0, STATE.waiting);
    port?.postMessage({ type: 'bytes', id: request, start, end } satisfies Hdf5Message);
    Atomics.wait(state, 0, STATE.waiting);
    if (Atomics.load(state, 0) !== STATE.there) return undefined;
    return new Uint8Array(shared, STATE_BYTES, end - start).slice();
  }

  function open(file: number, size: number): OpenFile {
    const known = files.get(file);
    if (known !== undefined) return known;
    const [oldest] = files;
    if (oldest !== undefined && files.size >= MOST_FILES) close(...oldest);
    const path = loaded.addFile(`file-${file}`, size, inBlocks(size, fetchBytes));
    try {
      const opened = { root: new loaded.library.File(path, 'r'), path, held: new Map() };
      files.set(file, opened);
      return opened;
    } catch (error) {
      loaded.removeFile(path);
      throw error;
    }
  }

  function close(file: number, { root, path }: OpenFile): void {
    files.delete(file);
    root.close();
    loaded.removeFile(path);
  }

  function answer(asked: Hdf5Request): Hdf5Message {
    const { id, file, size } = asked;
    request = id;
    try {
      const opened = open(file, size);
      if (asked.type === 'open') return { type: 'opened', id, datasets: datasetsOf(loaded, opened.root) };
      const values = new Map(
        asked.datasets.map((dataset) => [dataset.path, rowsOf(loaded, opened, dataset, asked.from, asked.to)]),
      );
      return { type: 'values', id, values };
    } catch (error) {
      const opened = files.get(file);
      // What the library holds of a file after a failure is not to be trusted; nor is it itself, if it broke down.
      const isBroken = error instanceof Error && error.name === 'RuntimeError';
      if (isBroken) setImmediate(() => process.exit(1));
      else if (opened !== undefined) close(file, opened);
      return { type: 'failed', id, reason: reasonOf(error), isBroken };
    }
  }

  port.on('message', (asked: Hdf5Request) => {
    const said = answer(asked);
    const views = said.type === 'values' ? [...said.values.values()].filter((value) => ArrayBuffer.isView(value)) : [];
    port.postMessage(said, [...new Set(views.map(({ buffer }) => buffer as ArrayBuffer))]);
  });
}

/** Reads of any length out of blocks, of which the last ones are kept: the library asks for a few bytes at a time. */
function inBlocks(
  size: number,
  fetchBytes: (start: number, end: number) => Uint8Array | undefined,
): (start: number, end: number) => Uint8Array | undefined {
  const blocks = new Map<number, Uint8Array>();
  function block(index: number): Uint8Array | undefined {
    const known = blocks.get(index);
    blocks.delete(index);
    const start = index * BLOCK_BYTES;
    const bytes = known ?? fetchBytes(start, Math.min(size, start + BLOCK_BYTES));
    if (bytes === undefined) return undefined;
    const [oldest] = blocks.keys();
    if (blocks.size >= MOST_BLOCKS && oldest !== undefined) blocks.delete(oldest);
    blocks.set(index, bytes);
    return bytes;
  }
  return (start, end) => {
    const read = new Uint8Array(end - start);
    for (let at = start; at < end;) {
      // Of what is long, as images are, the middle is fetched without being kept.
      const isLong = at % BLOCK_BYTES === 0 && end - at >= SHARED_BYTES;
      const index = Math.floor(at / BLOCK_BYTES);
      const to = isLong ? at + SHARED_BYTES : Math.min(end, (index + 1) * BLOCK_BYTES);
      const first = index * BLOCK_BYTES;
      const bytes = isLong ? fetchBytes(at, to) : block(index)?.subarray(at - first, to - first);
      if (bytes === undefined) return undefined;
      read.set(bytes, at - start);
      at = to;
    }
    return read;
  };
}

function datasetsOf({ library }: LoadedLibrary, root: Hdf5Group): Hdf5Dataset[] {
  const found: Hdf5Dataset[] = [];
  function look(group: Hdf5Group, prefix: string, above: readonly string[]): void {
    const names = group.keys();
    // A group may be one of those that it lies in: links may lead in a circle.
    const contents = names.join('\0');
    if (above.length > DEEPEST || above.includes(contents)) return;
    for (const name of names) {
      if (found.length >= MOST_DATASETS) return;
      const entity = group.get(name);
      const path = `${prefix}${name}`;
      if (entity instanceof library.Dataset) found.push(...described(path, entity));
      else if (entity instanceof library.Group) look(entity, `${path}/`, [...above, contents]);
    }
  }
  look(root, '', []);
  return found;
}

/** A dataset, or the columns of one that is a table. */
function described(path: string, data: Hdf5Data): Hdf5Dataset[] {
  const { metadata, filters } = data;
  const what = { shape: metadata.shape ?? [], summed: filters.some(({ id }) => id === 3) };
  const refused = problemOf(data);
  if (refused !== undefined || !isTable(metadata)) {
    const type = refused ?? typeOf(metadata);
    return [{ path, ...what, ...(typeof type === 'string' ? { type } : { type: undefined, ...type }) }];
  }
  const isVarying = hasVaryingLength(metadata);
  return columnsOf(metadata, path).map((column) =>
    isVarying || 'problem' in column
      ? { ...what, path: column.path, type: undefined, problem: 'problem' in column ? column.problem : VARYING }
      : { ...what, path: column.path, type: column.type, shape: [...what.shape, ...column.shape], table: path },
  );
}

const VARYING = 'is in a table with text of any length, which isn’t read. Write the text in a fixed length (S20)';

/** Rows of a dataset, or of a column of a table. */
function rowsOf(
  { library }: LoadedLibrary,
  file: OpenFile,
  { path, table = path }: Pick<Hdf5Dataset, 'path' | 'table'>,
  from: number,
  to: number,
): ColumnValues {
  const data = file.root.get(table);
  if (!(data instanceof library.Dataset)) throw new Error(`${table} is no dataset any more`);
  const { metadata } = data;
  if (isTable(metadata)) {
    const column = columnsOf(metadata, table).find((candidate) => candidate.path === path);
    if (column === undefined || 'problem' in column) throw new Error(`${path} is no column any more`);
    const rows = heldRows(file, table, data, [from, to], { isTable: true, width: metadata.size }, (start, end) =>
      tableBytes(data, start, end),
    );
    return columnIn(rows, metadata.size, column);
  }
  const type = typeOf(metadata);
  if (typeof type !== 'string') throw new Error(`${path} ${type.problem}`);
  const width = (metadata.shape ?? []).slice(1).reduce((product, length) => product * length, 1);
  return heldRows(file, path, data, [from, to], { isTable: false, width }, (start, end) =>
    slice(data, type, start, end),
  );
}

/**
 * Rows of which, in a dataset of chunks, whole chunks are read and kept, so that none is unpacked for each batch again.
 *
 * @param how.isTable true: what is read are bytes, kept whether there are chunks or not, as all columns lie in them
 * @param how.width values of a row
 */
function heldRows<Values extends ColumnValues>(
  file: OpenFile,
  path: string,
  { metadata: { shape, chunks, size } }: Hdf5Data,
  [from, to]: readonly [number, number],
  { isTable, width }: { readonly isTable: boolean; readonly width: number },
  read: (from: number, to: number) => Values,
): Values {
  const rows = chunks?.[0] ?? 1;
  const start = Math.floor(from / rows) * rows;
  const end = Math.min(shape?.[0] ?? 0, Math.ceil(to / rows) * rows);
  const bytes = (end - start) * (isTable ? 1 : size) * width;
  if ((rows === 1 && !isTable) || bytes > MOST_HELD_BYTES) return read(from, to);
  const held = file.held.get(path);
  if (held !== undefined && held.from <= from && to <= held.to)
    return part(held.values as Values, from - held.from, to - held.from, width);
  const values = read(start, end);
  file.held.set(path, { from: start, to: end, values });
  return part(values, from - start, to - start, width);
}

function part<Values extends ColumnValues>(values: Values, from: number, to: number, width: number): Values {
  return values.slice(from * width, to * width) as Values;
}

/** The deepest reason of the library's list of them. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const reasons = [...message.matchAll(/^ +#\d+: .* in \w+\(\): (.*)$/gm)].map(([, reason = '']) => reason);
  return reasons.at(-1) ?? message.split('\n')[0] ?? '';
}
