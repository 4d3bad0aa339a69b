import type { ByteSource, ReadOptions } from '@cosmicai/store';
import { FitsSum } from '../checksum.ts';
import { BLOCK_BYTES } from '../header/card.ts';
import type { Hdu } from './hdu.ts';
import { readExactly } from './read-exactly.ts';

const CHUNK_BYTES = 4 * 2 ** 20;

/** What DATASUM says; undefined where it says nothing. */
export function saidSum({ header }: Hdu): number | undefined {
  const said = header.cards.find(({ keyword }) => keyword === 'DATASUM')?.value;
  const expected = typeof said === 'string' && said.trim() !== '' ? Number(said) : said;
  return typeof expected === 'number' && Number.isInteger(expected) ? expected : undefined;
}

/** Where the last block of the data ends: what fills it belongs to the sum. */
export function blocksEnd({ start, end }: Pick<Hdu, 'start' | 'end'>): number {
  return start + Math.ceil((end - start) / BLOCK_BYTES) * BLOCK_BYTES;
}

/** Whether the data of an HDU are those that its DATASUM is of; undefined where it has none. All of the data are read. */
export async function dataFits(file: ByteSource, hdu: Hdu, options: ReadOptions = {}): Promise<boolean | undefined> {
  const expected = saidSum(hdu);
  if (expected === undefined) return undefined;
  const sum = new FitsSum();
  const all = blocksEnd(hdu);
  for (let from = hdu.start; from < all; from += CHUNK_BYTES) {
    const to = Math.min(all, from + CHUNK_BYTES);
    sum.add(await readExactly(file, from, to, `the data of ${hdu.header.hdu}`, options));
  }
  return sum.value === expected;
}
