import { stateDictStream, type TorchValue } from '@cosmicai/torchfile';
import { newNumbers, put } from '../new-values.ts';
import type { ColumnValues, SampleBatch, ValueType } from '../source.ts';
import type { KeptColumn } from './kept-columns.ts';

/** The types that torch has for values; those of uint64 become text, as not all of them fit int64. */
const STORED = {
  float64: 'float64',
  float32: 'float32',
  int64: 'int64',
  int32: 'int32',
  int16: 'int16',
  int8: 'int8',
  uint64: 'text',
  uint32: 'int64',
  uint16: 'int32',
  uint8: 'uint8',
  bool: 'bool',
  text: 'text',
} as const satisfies Record<ValueType, ValueType>;

type Stored = (typeof STORED)[ValueType];

/** Nominal bytes of a text in a partition. */
const TEXT_BYTES = 32;

const sizeOf = ({ column }: KeptColumn): number => column.shape.reduce((product, size) => product * size, 1);

/** Bytes that a sample takes in a partition, about. */
export function sampleBytes(columns: readonly KeptColumn[]): number {
  const bytes = columns.map((kept) => {
    const stored = STORED[kept.column.type];
    return sizeOf(kept) * (stored === 'text' ? TEXT_BYTES : newNumbers(stored, 1).byteLength);
  });
  return Math.max(
    1,
    bytes.reduce((sum, of) => sum + of, 0),
  );
}

/** Samples that are gathered until they are a partition. */
export class PartitionBuffer {
  readonly #columns: readonly (KeptColumn & { readonly stored: Stored; readonly size: number; readonly held: Held })[];
  readonly #room: number;
  #count = 0;

  /** @param room samples of a whole partition */
  constructor(columns: readonly KeptColumn[], room: number) {
    this.#room = room;
    this.#columns = columns.map((kept) => {
      const stored = STORED[kept.column.type];
      const size = sizeOf(kept);
      return { ...kept, stored, size, held: stored === 'text' ? [] : newNumbers(stored, room * size) };
    });
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.#room;
  }

  /** Takes samples of a batch from the one at `at` on, as many as fit. @returns how many */
  take({ count, values }: SampleBatch, at: number): number {
    const taken = Math.min(count - at, this.#room - this.#count);
    for (const { column, size, held } of this.#columns) {
      const part = (values.get(column.name) ?? []).slice(at * size, (at + taken) * size);
      if (Array.isArray(held)) held.push(...Array.from<unknown, string>(part, String));
      else if (ArrayBuffer.isView(part)) put(held, part, this.#count * size);
    }
    this.#count += taken;
    return taken;
  }

  /** A dict of tensors, and of lists of texts, as torch.save writes it; afterwards the buffer is empty. */
  async content(): Promise<Uint8Array> {
    const entries = this.#columns.map(({ name, column, stored, size, held }): [string, TorchValue] => {
      const shape = [this.#count, ...column.shape];
      if (stored === 'text' || Array.isArray(held))
        return [name, nested(Array.isArray(held) ? held : [], column.shape)];
      return [name, { dtype: stored, shape, data: held.subarray(0, this.#count * size) }];
    });
    const pieces: Uint8Array[] = [];
    for await (const piece of stateDictStream(new Map(entries))) pieces.push(piece);
    for (const { held } of this.#columns) if (Array.isArray(held)) held.length = 0;
    this.#count = 0;
    return Buffer.concat(pieces);
  }
}

type Held = string[] | Exclude<ColumnValues, readonly string[]>;

/** Texts of several for each sample are lists of lists. */
function nested(texts: readonly string[], shape: readonly number[]): TorchValue {
  const [size, ...rest] = shape;
  if (size === undefined) return texts;
  const width = shape.reduce((product, length) => product * length, 1);
  return Array.from({ length: texts.length / width }, (_, at) =>
    nested(texts.slice(at * width, (at + 1) * width), rest.length === 0 ? [] : rest),
  );
}
