import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bufferSource, type ByteSource, type DType, type TensorData } from '../src/index.ts';

/** What numpy and torch say is in the golden files; made by training/golden/make_torchfile_golden.py. */
interface Golden {
  readonly partitions: Record<string, GoldenPartition>;
  readonly tensors: Record<string, Record<string, { dtype: DType; shape: number[]; sha256: string }>>;
  readonly values: Record<'float16' | 'bfloat16', (number | string)[]>;
}

export interface GoldenPartition {
  readonly count: number;
  readonly imageShape: number[];
  readonly dtypes: string[];
  readonly images: string;
  readonly magnitudes: string;
  readonly redshift: string;
}

const folder = new URL('golden/', import.meta.url);

export const golden = JSON.parse(readFileSync(new URL('golden.json', folder), 'utf8')) as Golden;

export function goldenBytes(name: string): Buffer {
  return readFileSync(new URL(name, folder));
}

export function goldenSource(name: string): ByteSource {
  return bufferSource(name, goldenBytes(name));
}

export function sha256(data: TensorData): string {
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');
}

/** A source that counts what is read of it. */
export function counted(source: ByteSource): ByteSource & { readonly reads: [start: number, end: number][] } {
  const reads: [number, number][] = [];
  return {
    ...source,
    reads,
    read(start, end, options) {
      reads.push([start, end]);
      return source.read(start, end, options);
    },
  };
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await all(chunks));
}

export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}
