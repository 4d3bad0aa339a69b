import { bufferSource } from '@cosmicai/store';
import { checksumText } from '../src/checksum.ts';
import { dataFits, FitsSum, hdusOf, type Hdu } from '../src/index.ts';
import { checkedHeader } from '../src/write/checked-header.ts';

/** As big-endian int32: astropy 8 gives 1537229370 for their DATASUM, and this CHECKSUM. */
const NUMBERS = Array.from({ length: 1000 }, (_, at) => at * 123_457);
const SUM = 1_537_229_370;

function dataOf(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2880 * Math.ceil((4 * numbers.length) / 2880));
  for (const [at, number] of numbers.entries()) bytes.writeInt32BE(number | 0, 4 * at);
  return bytes;
}

async function first(bytes: Uint8Array): Promise<Hdu> {
  for await (const hdu of hdusOf(bufferSource('a.fits', bytes))) return hdu;
  throw new Error('no HDU');
}

const cards = [
  { keyword: 'SIMPLE', value: true },
  { keyword: 'BITPIX', value: 32 },
  { keyword: 'NAXIS', value: 1 },
  { keyword: 'NAXIS1', value: 1000 },
];

it('sums are the same however the bytes are cut', () => {
  const data = dataOf(NUMBERS);
  for (const cut of [1, 3, 4, 1000, 5760]) {
    const sum = new FitsSum();
    for (let at = 0; at < data.length; at += cut) sum.add(data.subarray(at, at + cut));
    expect(sum.value).toBe(SUM);
  }
  expect(new FitsSum().add(Buffer.from('ffffffff00000002', 'hex')).value).toBe(2);
  expect(new FitsSum().add(Buffer.from('01', 'hex')).value).toBe(2 ** 24);
  expect(new FitsSum().value).toBe(0);
});

it.each([
  // Of the standard's appendix J, then of astropy.
  [868_229_149, 'hcHjjc9ghcEghc9g'],
  [0, 'orrrrooooooooooo'],
  [4_294_967_295, '0000000000000000'],
  [2_503_531_142, 'NLdAOJa2NJa9NJa9'],
  [979_067_135, '0bYZ0aYW0aYW0aYW'],
])('%d is written %s', (sum, text) => {
  expect(checksumText(sum)).toBe(text);
});

it('a header and its data have the sum of nothing', async () => {
  const data = dataOf(NUMBERS);
  const file = Buffer.concat([checkedHeader(cards, SUM), data]);
  expect(new FitsSum().add(file).value).toBe(2 ** 32 - 1);
  expect((await first(file)).header.cards.at(-1)).toMatchObject({ keyword: 'DATASUM', value: String(SUM) });
});

it('data are compared with the sum that is said of them, where one is', async () => {
  const file = Buffer.concat([checkedHeader(cards, SUM), dataOf(NUMBERS)]);
  const fits = async (bytes: Uint8Array) => dataFits(bufferSource('a.fits', bytes), await first(bytes));
  expect(await fits(file)).toBe(true);
  const wrong = Buffer.from(file);
  wrong[4000] = (wrong[4000] ?? 0) ^ 1;
  expect(await fits(wrong)).toBe(false);
  expect(await fits(Buffer.from(file.toString('latin1').replace('DATASUM', 'DATASUN'), 'latin1'))).toBeUndefined();
});
