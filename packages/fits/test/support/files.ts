import { BLOCK_BYTES, formatHeader, type Card, type CardValue } from '../../src/index.ts';

type Values = Readonly<Record<string, CardValue>>;

const cardsOf = (values: Values): Card[] => Object.entries(values).map(([keyword, value]) => ({ keyword, value }));

/** A header and its data, both in whole blocks. */
export function hdu(values: Values, data: Uint8Array = new Uint8Array(0)): Buffer {
  const padding = Buffer.alloc((BLOCK_BYTES - (data.length % BLOCK_BYTES)) % BLOCK_BYTES);
  return Buffer.concat([formatHeader(cardsOf(values)), data, padding]);
}

/** @param axes NAXIS1, NAXIS2 … */
export const axes = (...sizes: readonly number[]): Values => ({
  NAXIS: sizes.length,
  ...Object.fromEntries(sizes.map((size, axis) => [`NAXIS${axis + 1}`, size])),
});

export const primary = (values: Values = { BITPIX: 8, NAXIS: 0 }, data?: Uint8Array): Buffer =>
  hdu({ SIMPLE: true, ...values }, data);

export const image = (values: Values, data: Uint8Array): Buffer =>
  hdu({ XTENSION: 'IMAGE', ...values, PCOUNT: 0, GCOUNT: 1 }, data);

/** @param forms TFORM of each column */
export function table(forms: readonly string[], rows: number, data: Uint8Array, more: Values = {}): Buffer {
  const heap = Number(more.PCOUNT ?? 0);
  const values = {
    XTENSION: 'BINTABLE',
    BITPIX: 8,
    ...axes(rows === 0 ? 0 : (data.length - heap) / rows, rows),
    PCOUNT: heap,
    GCOUNT: 1,
    TFIELDS: forms.length,
    ...Object.fromEntries(forms.map((form, place) => [`TFORM${place + 1}`, form])),
  };
  return hdu({ ...values, ...more }, data);
}

/** Numbers as they lie in files. */
export function bigEndian(
  kind: 'u1' | 'i2' | 'i4' | 'i8' | 'f4' | 'f8',
  ...numbers: readonly (number | bigint)[]
): Buffer {
  const size = Number(kind[1]);
  const bytes = Buffer.alloc(numbers.length * size);
  for (const [place, number] of numbers.entries()) {
    const at = place * size;
    if (kind === 'f4') bytes.writeFloatBE(Number(number), at);
    else if (kind === 'f8') bytes.writeDoubleBE(Number(number), at);
    else if (kind === 'i8') bytes.writeBigInt64BE(BigInt(number), at);
    else if (kind === 'u1') bytes.writeUInt8(Number(number), at);
    else bytes.writeIntBE(Number(number), at, size);
  }
  return bytes;
}
