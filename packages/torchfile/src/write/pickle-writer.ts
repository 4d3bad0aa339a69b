import { DTYPES, type DType, type TensorData } from '../tensor/dtype.ts';
import { Opcode } from '../pickle/opcodes.ts';

/** A tensor to be written, whose elements come from elsewhere: what the pickle has to say of it. */
export interface WrittenTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** First element in the storage, default 0. */
  readonly offset?: number;
  /** Name of the storage below `data/`. */
  readonly storage: string;
  /** Elements of that storage. */
  readonly elements: number;
}

/** A tensor in memory, in C order without gaps. Tensors that share their `data` share a storage in the file. */
export interface TensorInput {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

const PROTOCOL = 2;
const INT32 = 2 ** 31;

/** Writes a pickle of protocol 2, the one torch.save uses, without a memo: every value is written out. */
export class PickleWriter {
  readonly #chunks: Uint8Array[] = [Uint8Array.of(Opcode.PROTO, PROTOCOL)];

  finish(): Uint8Array {
    this.opcode(Opcode.STOP);
    return Buffer.concat(this.#chunks);
  }

  opcode(...codes: number[]): this {
    this.#chunks.push(Uint8Array.from(codes));
    return this;
  }

  global(module: string, name: string): this {
    this.opcode(Opcode.GLOBAL);
    this.#chunks.push(Buffer.from(`${module}\n${name}\n`));
    return this;
  }

  text(value: string): this {
    const bytes = Buffer.from(value);
    const header = Buffer.alloc(5);
    header.writeUInt8(Opcode.BINUNICODE, 0);
    header.writeUInt32LE(bytes.byteLength, 1);
    this.#chunks.push(header, bytes);
    return this;
  }

  /** An int when the number is a whole one, else a float. */
  number(value: number): this {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) return this.#float(value);
    if (value >= 0 && value < 256) return this.opcode(Opcode.BININT1, value);
    if (value < -INT32 || value >= INT32) return this.#long(BigInt(value));
    const bytes = Buffer.alloc(5);
    bytes.writeUInt8(Opcode.BININT, 0);
    bytes.writeInt32LE(value, 1);
    this.#chunks.push(bytes);
    return this;
  }

  /** A whole number of any size that int64 has. */
  integer(value: bigint): this {
    const number = Number(value);
    return Number.isSafeInteger(number) ? this.number(number) : this.#long(value);
  }

  sizes(values: readonly number[]): this {
    this.opcode(Opcode.MARK);
    for (const value of values) this.number(value);
    return this.opcode(Opcode.TUPLE);
  }

  /** `_rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict())` */
  tensor({ dtype, shape, strides, offset = 0, storage, elements }: WrittenTensor): this {
    const type = DTYPES[dtype].storage;
    if (type === undefined) throw new TypeError(`torch has no storage class for ${dtype}; write int64 or float32`);
    this.global('torch._utils', '_rebuild_tensor_v2').opcode(Opcode.MARK);
    this.opcode(Opcode.MARK).text('storage').global('torch', type).text(storage).text('cpu').number(elements);
    this.opcode(Opcode.TUPLE, Opcode.BINPERSID).number(offset).sizes(shape).sizes(strides).opcode(Opcode.NEWFALSE);
    this.global('collections', 'OrderedDict').opcode(Opcode.EMPTY_TUPLE, Opcode.REDUCE);
    return this.opcode(Opcode.TUPLE, Opcode.REDUCE);
  }

  #float(value: number): this {
    const bytes = Buffer.alloc(9);
    bytes.writeUInt8(Opcode.BINFLOAT, 0);
    bytes.writeDoubleBE(value, 1);
    this.#chunks.push(bytes);
    return this;
  }

  #long(value: bigint): this {
    const bytes = Buffer.alloc(10);
    bytes.writeUInt8(Opcode.LONG1, 0);
    bytes.writeUInt8(8, 1);
    bytes.writeBigInt64LE(value, 2);
    this.#chunks.push(bytes);
    return this;
  }
}
