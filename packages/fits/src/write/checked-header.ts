import { checksumText, FitsSum } from '../checksum.ts';
import type { Card } from '../header/card.ts';
import { formatHeader } from '../header/format.ts';

const NO_SUM = '0'.repeat(16);

/**
 * A header with CHECKSUM and DATASUM as its last cards.
 *
 * @param dataSum of the data, with what fills its last block
 */
export function checkedHeader(cards: readonly Card[], dataSum: number): Buffer {
  const header = (checksum: string) =>
    formatHeader([
      ...cards,
      { keyword: 'CHECKSUM', value: checksum, comment: 'HDU checksum' },
      { keyword: 'DATASUM', value: String(dataSum), comment: 'data unit checksum' },
    ]);
  const { value } = new FitsSum().add(header(NO_SUM)).add(wordOf(dataSum));
  return header(checksumText(value));
}

function wordOf(sum: number): Uint8Array {
  const word = Buffer.alloc(4);
  word.writeUInt32BE(sum);
  return word;
}
