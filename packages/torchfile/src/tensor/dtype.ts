/** Element types that are read and written; names as in numpy and torch. */
export type DType =
  | 'float64'
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint64'
  | 'uint32'
  | 'uint16'
  | 'uint8'
  | 'bool';

/** float16 and bfloat16 are held as their 16 bits, bool as one byte of 0 or 1. */
export type TensorData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

type DataConstructor = new (buffer: ArrayBufferLike, byteOffset?: number, length?: number) => TensorData;

interface DTypeInfo {
  readonly itemBytes: 1 | 2 | 4 | 8;
  readonly array: DataConstructor;
  /** Class of the storage in the pickle, in the module `torch`; undefined for those that only have untyped storages. */
  readonly storage: string | undefined;
}

export const DTYPES: Readonly<Record<DType, DTypeInfo>> = {
  float64: { itemBytes: 8, array: Float64Array, storage: 'DoubleStorage' },
  float32: { itemBytes: 4, array: Float32Array, storage: 'FloatStorage' },
  float16: { itemBytes: 2, array: Uint16Array, storage: 'HalfStorage' },
  bfloat16: { itemBytes: 2, array: Uint16Array, storage: 'BFloat16Storage' },
  int64: { itemBytes: 8, array: BigInt64Array, storage: 'LongStorage' },
  int32: { itemBytes: 4, array: Int32Array, storage: 'IntStorage' },
  int16: { itemBytes: 2, array: Int16Array, storage: 'ShortStorage' },
  int8: { itemBytes: 1, array: Int8Array, storage: 'CharStorage' },
  uint64: { itemBytes: 8, array: BigUint64Array, storage: undefined },
  uint32: { itemBytes: 4, array: Uint32Array, storage: undefined },
  uint16: { itemBytes: 2, array: Uint16Array, storage: undefined },
  uint8: { itemBytes: 1, array: Uint8Array, storage: 'ByteStorage' },
  bool: { itemBytes: 1, array: Uint8Array, storage: 'BoolStorage' },
};

export type FloatDType = 'float64' | 'float32' | 'float16' | 'bfloat16';

export function isFloat(dtype: DType): dtype is FloatDType {
  return dtype === 'float64' || dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16';
}

export function isInteger(dtype: DType): boolean {
  return !isFloat(dtype) && dtype !== 'bool';
}

export function itemBytes(dtype: DType): number {
  return DTYPES[dtype].itemBytes;
}

export function isDType(name: string): name is DType {
  return Object.hasOwn(DTYPES, name);
}

const BY_STORAGE = new Map(
  Object.entries(DTYPES).flatMap(([dtype, { storage }]) => (storage ? [[storage, dtype as DType] as const] : [])),
);

/** Element type of `torch.FloatStorage` and its like. */
export function dtypeOfStorage(className: string): DType | undefined {
  return BY_STORAGE.get(className);
}
