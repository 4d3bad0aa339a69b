import type { ByteSource, ReadOptions } from '@cosmicai/store';
import { FitsSum } from '../checksum.ts';
import { BLOCK_BYTES } from '../header/card.ts';
import type { Hdu } from './hdu.ts';
import { readExactly } from './read-exactly.ts';

const CHUNK_BYTES = 4 * 2 ** 20;

/** Whether the data of an HDU are those that its DATASUM is of; undefined where it has none. All of the data are read. */
export async function dataFits(
  file: ByteSource,
  { header, start, end }: Hdu,
  options: ReadOptions = {},
): Promise<boolean | undefined> {
  const said = header.cards.find(({ keyword }) => keyword === 'DATASUM')?.value;
  const expected = typeof said === 'string' && said.trim() !== '' ? Number(said) : said;
  if (typeof expected !== 'number' || !Number.isInteger(expected)) return undefined;
  const sum = new FitsSum();
  const all = start + Math.ceil((end - start) / BLOCK_BYTES) * BLOCK_BYTES;
  for (let from = start; from < all; from += CHUNK_BYTES) {
    const to = Math.min(all, from + CHUNK_BYTES);
    sum.add(await readExactly(file, from, to, `the data of ${header.hdu}`, options));
  }
  return sum.value === expected;
}
