import type { PickleNode } from './nodes.ts';
import { MalformedTorchFileError, TorchFileLimitError, UnsupportedTorchFileError } from '../errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const NEWLINE = 0x0a;
/** Names of modules and classes; CPython knows no limit, people do. */
const LONGEST_LINE = 1000;
/** A pickled int of torch is a size or a number of elements; 1,000 bytes are generous. */
const LONGEST_INTEGER = 1000;

/** Reads a pickle's operands in order; every error names the file and the offset in it. */
export class PickleCursor {
  /** Offset of the opcode being carried out, for messages. */
  opcodeAt = 0;
  /** Called with each object that is kept outside the pickle. */
  onPersistent: ((id: PickleNode) => void) | undefined;
  readonly #file: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #base: number;
  #position = 0;

  /** @param base file offset of the first byte */
  constructor(file: string, bytes: Uint8Array, base: number) {
    this.#file = file;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#base = base;
  }

  /** File offset of the current opcode. */
  get at(): number {
    return this.#base + this.opcodeAt;
  }

  /** Offset of the next byte. */
  get position(): number {
    return this.#base + this.#position;
  }

  get remaining(): number {
    return this.#bytes.byteLength - this.#position;
  }

  malformed(problem: string): MalformedTorchFileError {
    return new MalformedTorchFileError(this.#file, this.at, `damaged pickle: ${problem}`);
  }

  unsupported(problem: string): UnsupportedTorchFileError {
    return new UnsupportedTorchFileError(this.#file, this.at, problem);
  }

  overLimit(limit: string, allowed: number, problem: string): TorchFileLimitError {
    return new TorchFileLimitError(this.#file, this.at, limit, allowed, problem);
  }

  opcode(): number {
    this.opcodeAt = this.#position;
    return this.uint8();
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /** A 64-bit length; what doesn't fit the pickle is refused by whoever reads that many bytes. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#advance(8), true));
  }

  /** Big-endian, unlike everything else in a pickle. */
  float64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  text(length: number): string {
    const bytes = this.bytes(length);
    try {
      return utf8.decode(bytes);
    } catch {
      throw this.malformed('text is no UTF-8');
    }
  }

  latin1(length: number): string {
    return Buffer.from(this.bytes(length)).toString('latin1');
  }

  /** Two's complement, little-endian, of any length; a bigint only where a number would lose digits. */
  integer(length: number): number | bigint {
    if (length > LONGEST_INTEGER) throw this.malformed(`an integer of ${length} bytes`);
    let value = 0n;
    for (const byte of this.bytes(length).toReversed()) value = (value << 8n) | BigInt(byte);
    const signed = BigInt.asIntN(length * 8, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }

  line(): string {
    const end = this.#bytes.subarray(0, this.#position + LONGEST_LINE).indexOf(NEWLINE, this.#position);
    if (end < 0) throw this.malformed(`a name without an end, or longer than ${LONGEST_LINE} bytes`);
    const text = this.text(end - this.#position);
    this.#position += 1;
    return text;
  }

  #advance(length: number): number {
    if (length > this.remaining) {
      throw this.malformed(`needs ${length} more bytes, only ${this.remaining} are left`);
    }
    const start = this.#position;
    this.#position += length;
    return start;
  }
}
