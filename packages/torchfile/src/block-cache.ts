import type { ByteSource } from '@cosmicai/store';
import { valueOf } from '@cosmicai/payload';
import { readExactly } from './read-exactly.ts';

const BLOCK_BYTES = 64 * 1024;
/** Reads above this go straight to the source: caching them would only cost memory. */
const LARGEST_CACHED_READ = 2 * BLOCK_BYTES;
/** 2 MiB: the central directory of some 20,000 entries. */
const BLOCKS_KEPT = 32;

/**
 * The same source with small reads answered from whole blocks, so that walking a zip's directory header by header takes
 * a few requests to the store and not two for each entry.
 */
export function withBlockCache(source: ByteSource): ByteSource {
  const blocks = new Map<number, Promise<Uint8Array>>();

  function fetchBlocks(first: number, last: number): void {
    const start = first * BLOCK_BYTES;
    const whole = readExactly(source, start, Math.min((last + 1) * BLOCK_BYTES, source.size));
    for (let index = first; index <= last; index += 1) {
      const from = (index - first) * BLOCK_BYTES;
      const block = whole.then((bytes) => bytes.subarray(from, from + BLOCK_BYTES));
      // A failed read must neither stay in the cache nor count as unhandled: whoever awaits the block gets the error.
      block.catch(() => blocks.delete(index));
      blocks.set(index, block);
    }
  }

  return {
    name: source.name,
    size: source.size,
    async read(start, end, options) {
      if (end - start > LARGEST_CACHED_READ) return source.read(start, end, options);
      const first = Math.floor(start / BLOCK_BYTES);
      const last = Math.floor((end - 1) / BLOCK_BYTES);
      const missing = range(first, last).filter((index) => !blocks.has(index));
      const [from] = missing;
      const to = missing.at(-1);
      if (from !== undefined && to !== undefined) fetchBlocks(from, to);
      const parts = await Promise.all(range(first, last).map((index) => valueOf(blocks, index)));
      for (const index of blocks.keys()) {
        if (blocks.size <= BLOCKS_KEPT) break;
        blocks.delete(index);
      }
      const [only, ...others] = parts;
      const joined = only !== undefined && others.length === 0 ? only : Buffer.concat(parts);
      return joined.subarray(start - first * BLOCK_BYTES, end - first * BLOCK_BYTES);
    },
  };
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
