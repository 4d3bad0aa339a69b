import { MessageError } from './errors.ts';

export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** What a message carries: a type code and its bytes, little-endian. */
export interface Message {
  readonly type: number;
  readonly body: Uint8Array;
  /** The bytes belong to this package: nobody changes them after the call returns. */
  readonly owned: boolean;
  /** Of `body` once somebody has computed it; a message that is passed on keeps it. */
  checksum?: number;
}

const NOTHING = 0;
const JSON_TEXT = 1;
const NUMBER = 2;
const BUFFER = 3;
const FIRST_ARRAY = 16;

// The order is the wire's: append only.
const arrayTypes = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

const arrayNames: readonly string[] = arrayTypes.map((type) => type.name);
const NO_BYTES = new Uint8Array(0);

export const EMPTY: Message = { type: NOTHING, body: NO_BYTES, owned: true, checksum: 0 };

export function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/** The bytes of a typed array, without copying. */
export function bytesOf(value: TypedArray): Uint8Array {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** A copy with memory of its own; unlike `slice`, also for Buffers. */
export function cloneArray<T extends TypedArray>(value: T): T {
  return Uint8Array.prototype.slice.call(value) as T;
}

/** Name of a type code in messages for people. */
export function typeName(type: number): string {
  if (type === NOTHING) return 'nothing';
  if (type === JSON_TEXT) return 'JSON';
  if (type === NUMBER) return 'number';
  if (type === BUFFER) return 'Buffer';
  return arrayNames[type - FIRST_ARRAY] ?? `unknown type ${type}`;
}

/**
 * The message of a value: typed arrays and Buffers without copying, numbers as float64, everything else as JSON.
 *
 * @throws MessageError for what JSON would silently change: NaN inside an object, undefined in an array, Map, Date, bigint, functions
 */
export function encodeValue(value: unknown): Message {
  if (value === undefined) return EMPTY;
  if (typeof value === 'number') {
    return { type: NUMBER, body: bytesOf(Float64Array.of(value)), owned: true };
  }
  if (isTypedArray(value)) return { type: typeOf(value), body: bytesOf(value), owned: false };
  const text = JSON.stringify(value, refuseLosses) as string | undefined;
  if (text === undefined)
    throw new MessageError(`A value of type ${typeof value} can't be sent; send a typed array, Buffer or JSON value.`);
  return { type: JSON_TEXT, body: Buffer.from(text), owned: true };
}

/** @throws MessageError for arrays without a code, such as Float16Array */
export function typeOf(value: TypedArray): number {
  if (Buffer.isBuffer(value)) return BUFFER;
  const index = arrayNames.indexOf(value[Symbol.toStringTag]);
  if (index < 0)
    throw new MessageError(`A ${value[Symbol.toStringTag]} can't be sent; allowed: ${arrayNames.join(', ')}, Buffer.`);
  return FIRST_ARRAY + index;
}

/** The same message with bytes of its own, so that the caller may change its array at once. */
export function ownMessage(message: Message): Message {
  return message.owned ? message : { ...message, body: cloneArray(message.body), owned: true };
}

/** @throws MessageError when the bytes don't fit the type */
export function decodeValue(message: Message): unknown {
  const { type, body } = message;
  switch (type) {
    case NOTHING:
      return undefined;
    case JSON_TEXT:
      return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
    case NUMBER:
      return new DataView(body.buffer, body.byteOffset, body.byteLength).getFloat64(0, true);
    case BUFFER:
      return Buffer.from(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength);
  }
  const arrayType = arrayTypes[type - FIRST_ARRAY];
  if (arrayType === undefined || body.byteLength % arrayType.BYTES_PER_ELEMENT !== 0) {
    throw new MessageError(
      `${body.byteLength} bytes arrived as ${typeName(type)}; the sender runs another version or the data is damaged.`,
    );
  }
  const aligned = body.byteOffset % arrayType.BYTES_PER_ELEMENT === 0 ? body : body.slice();
  return new arrayType(
    aligned.buffer as ArrayBuffer,
    aligned.byteOffset,
    aligned.byteLength / arrayType.BYTES_PER_ELEMENT,
  );
}

/** A copy that shares no memory with the value; what a rank gets back when it is its own source. */
export function copyValue<T>(value: T): T {
  return decodeValue(ownMessage(encodeValue(value))) as T;
}

function refuseLosses(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key];
  const refuse = (what: string): never => {
    throw new MessageError(
      `${what} at "${key}" would be lost in JSON; use null, a number outside of an object, or a typed array.`,
    );
  };
  if (typeof value === 'number' && !Number.isFinite(value)) return refuse(String(value));
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol')
    return refuse(`A ${typeof value}`);
  if (value === undefined && Array.isArray(this)) return refuse('undefined');
  if (typeof original === 'object' && original !== null && !Array.isArray(original)) {
    const prototype: unknown = Object.getPrototypeOf(original);
    // Objects of another realm (vm contexts) have another Object.prototype, whose own prototype is null all the same.
    const plain = prototype === null || Object.getPrototypeOf(prototype) === null;
    if (!plain) return refuse(`A ${original.constructor.name}`);
  }
  return value;
}
