import { toFloat32 } from '@cosmicai/torchfile';
import h5wasm from 'h5wasm';
import type { ArraysByType, ValueType } from '../source.ts';

/** What is used of h5wasm, whose own types need those of Emscripten. */
export interface Hdf5Library {
  readonly File: new (path: string, mode: 'r') => Hdf5Group;
  readonly Group: abstract new (...args: never) => Hdf5Group;
  readonly Dataset: abstract new (...args: never) => Hdf5Data;
}

export interface Hdf5Group {
  keys(): string[];
  get(name: string): unknown;
  close(): unknown;
}

export interface Hdf5Data {
  readonly metadata: Hdf5Metadata;
  readonly filters: readonly { readonly id: number; readonly name: string }[];
  slice(ranges: readonly (readonly [number, number])[]): unknown;
}

export interface Hdf5Type {
  /** A class of HDF5: 0 whole numbers, 1 floats, 3 text, 6 tables, 8 names of numbers, 10 arrays. */
  readonly type: number;
  readonly signed: boolean;
  /** Bytes. */
  readonly size: number;
  readonly shape: readonly number[] | null;
  /** Of the file. */
  readonly littleEndian: boolean;
  /** Of text, whether it is as long as it likes. */
  readonly vlen?: boolean;
  readonly enum_type?: { readonly members: Readonly<Record<string, number>> };
  readonly array_type?: Hdf5Type;
  readonly compound_type?: {
    readonly members: readonly (Hdf5Type & { readonly name: string; readonly offset: number })[];
  };
}

export interface Hdf5Metadata extends Hdf5Type {
  readonly chunks: readonly number[] | null;
  readonly virtual_sources?: readonly unknown[];
}

interface FileNode {
  stream_ops: object;
}

interface FileSystem {
  createDataFile(folder: string, name: string, data: Uint8Array, canRead: boolean, canWrite: boolean): unknown;
  lookupPath(path: string): { readonly node: FileNode };
  unlink(path: string): void;
  readonly ErrnoError: new (code: number) => Error;
}

interface Hdf5Module {
  readonly FS: FileSystem;
  activate_throwing_error_handler(): number;
}

export interface LoadedLibrary {
  readonly library: Hdf5Library;
  /** Makes a file in the library's own file system, which sees no other. @returns its path */
  addFile(name: string, size: number, read: (start: number, end: number) => Uint8Array | undefined): string;
  removeFile(path: string): void;
}

const INPUT_OUTPUT_ERROR = 29;

/** Loads HDF5, which from then on throws where it would print. */
export async function loadLibrary(): Promise<LoadedLibrary> {
  const module = (await h5wasm.ready) as unknown as Hdf5Module;
  module.activate_throwing_error_handler();
  const { FS } = module;
  return {
    library: h5wasm as unknown as Hdf5Library,
    addFile(name, size, read) {
      FS.createDataFile('/', name, new Uint8Array(0), true, false);
      const path = `/${name}`;
      const { node } = FS.lookupPath(path);
      Object.defineProperty(node, 'usedBytes', { get: () => size });
      node.stream_ops = {
        ...node.stream_ops,
        read(_stream: unknown, memory: Uint8Array, offset: number, length: number, position: number): number {
          const end = Math.min(size, position + length);
          if (end <= position) return 0;
          const bytes = read(position, end);
          if (bytes === undefined) throw new FS.ErrnoError(INPUT_OUTPUT_ERROR);
          memory.set(bytes, offset);
          return bytes.length;
        },
      };
      return path;
    },
    removeFile: (path) => FS.unlink(path),
  };
}

const WHOLE = 0;
const FLOAT = 1;
const TEXT = 3;
const OPAQUE = 5;
const TABLE = 6;
const NAMED = 8;
/** Deflate, shuffle and fletcher32: what the library has inside. */
const FILTERS: readonly number[] = [1, 2, 3];

interface Problem {
  /** As said after its name. */
  readonly problem: string;
}

/** Why the values of a dataset can't be had, whatever they are. */
export function problemOf({ metadata, filters }: Pick<Hdf5Data, 'metadata' | 'filters'>): Problem | undefined {
  const { virtual_sources: virtual } = metadata;
  if (virtual !== undefined && virtual.length > 0) return { problem: 'is put together from other files' };
  const others = filters
    .filter(({ id }) => !FILTERS.includes(id))
    .map(({ id, name }) => `${name || 'a filter'} (${id})`);
  if (others.length === 0) return undefined;
  return {
    problem: `is compressed with ${others.join(', ')}; read are gzip, shuffle and fletcher32. Rewrite it with: h5repack -f GZIP=4`,
  };
}

/** The type that values are handed out in, or why they can't be. Half-precision floats are handed out as float32. */
export function typeOf({ type, size, signed, enum_type: names }: Hdf5Type): ValueType | Problem {
  const bits = size * 8;
  if (type === TEXT) return 'text';
  if (type === FLOAT && (bits === 32 || bits === 64)) return `float${bits}`;
  if (type === FLOAT && bits === 16) return 'float32';
  if (type === FLOAT) return { problem: `is of float${bits}, which isn’t read. Write it as float64` };
  if (type === NAMED && names !== undefined && Object.keys(names.members).sort().join() === 'FALSE,TRUE') return 'bool';
  if ((type === WHOLE || type === NAMED) && (bits === 8 || bits === 16 || bits === 32 || bits === 64)) {
    return signed ? `int${bits}` : `uint${bits}`;
  }
  return { problem: 'is of a type that isn’t read: neither numbers nor text' };
}

export function isTable({ type }: Pick<Hdf5Type, 'type'>): boolean {
  return type === TABLE;
}

export function isHalf({ type, size }: Pick<Hdf5Type, 'type' | 'size'>): boolean {
  return type === FLOAT && size === 2;
}

/** Numbers of half precision by their bits. */
export function fromHalves(bits: Uint16Array): Float32Array {
  return toFloat32({ dtype: 'float16', data: bits });
}

/** Rows [from, to) of a dataset, in arrays of their own. */
export function slice(data: Hdf5Data, type: ValueType, from: number, to: number): ArraysByType[ValueType] {
  if (isHalf(data.metadata)) {
    const bits = readAs(data, { type: WHOLE, signed: false }).slice([[from, to]]);
    if (bits instanceof Uint16Array) return fromHalves(bits);
  }
  const read = data.slice([[from, to]]);
  if (type === 'text') return Array.isArray(read) ? read.map(String) : [];
  if (ArrayBuffer.isView(read))
    return type === 'bool' ? new Uint8Array(read.buffer) : (read as ArraysByType[typeof type]);
  throw new Error('the library hands out values that are no array');
}

/** Rows [from, to) of a table, as bytes. */
export function tableBytes(data: Hdf5Data, from: number, to: number): Uint8Array {
  const read = readAs(data, { type: OPAQUE }).slice([[from, to]]);
  if (read instanceof Uint8Array) return read;
  throw new Error('the library hands out a table that is no bytes');
}

/** The same dataset to a library that takes its values for those of another type, which it can hand out as they are. */
function readAs(data: Hdf5Data, type: Partial<Hdf5Type>): Hdf5Data {
  return Object.create(data, { metadata: { value: { ...data.metadata, ...type } } }) as Hdf5Data;
}
