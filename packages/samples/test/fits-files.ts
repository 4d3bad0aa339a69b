import { BLOCK_BYTES, formatHeader, type CardValue } from '@cosmicai/fits';

type Cards = Readonly<Record<string, CardValue>>;

/** A header and its data, both in whole blocks. */
export function hdu(cards: Cards, data: Uint8Array = new Uint8Array(0)): Buffer {
  const header = formatHeader(Object.entries(cards).map(([keyword, value]) => ({ keyword, value })));
  return Buffer.concat([header, data, Buffer.alloc((BLOCK_BYTES - (data.length % BLOCK_BYTES)) % BLOCK_BYTES)]);
}

/** @param shape slowest axis first */
function axes(shape: readonly number[]): Cards {
  const sizes = shape.toReversed().map((size, axis) => [`NAXIS${axis + 1}`, size] as const);
  return { NAXIS: shape.length, ...Object.fromEntries(sizes) };
}

export const emptyPrimary = (): Buffer => hdu({ SIMPLE: true, BITPIX: 8, NAXIS: 0 });

/** A file of an image in compressed tiles, which lies in a table. */
export function compressedTiles(): Buffer {
  const axes = { NAXIS: 2, NAXIS1: 0, NAXIS2: 0, PCOUNT: 0, GCOUNT: 1, TFIELDS: 0 };
  return Buffer.concat([emptyPrimary(), hdu({ XTENSION: 'BINTABLE', BITPIX: 8, ...axes, ZIMAGE: true })]);
}

export function float32Image(values: ArrayLike<number>, shape: readonly number[], cards: Cards = {}): Buffer {
  return hdu({ XTENSION: 'IMAGE', BITPIX: -32, ...axes(shape), PCOUNT: 0, GCOUNT: 1, ...cards }, floats(values));
}

/** A file with nothing else than an image. */
export function float32File(values: ArrayLike<number>, shape: readonly number[], cards: Cards = {}): Buffer {
  return hdu({ SIMPLE: true, BITPIX: -32, ...axes(shape), ...cards }, floats(values));
}

/** @param columns name and TFORM, and TDIM, TZERO and TNULL where there are; @param rows bytes of each row */
export function table(
  columns: readonly (readonly [
    name: string,
    form: string,
    dim?: string | undefined,
    zero?: number | undefined,
    blank?: number,
  ])[],
  rows: readonly Uint8Array[],
): Buffer {
  const described = columns.flatMap(([name, form, dim, zero, blank], at) => [
    [`TTYPE${at + 1}`, name],
    [`TFORM${at + 1}`, form],
    ...(dim === undefined ? [] : [[`TDIM${at + 1}`, dim]]),
    ...(zero === undefined ? [] : [[`TZERO${at + 1}`, zero]]),
    ...(blank === undefined ? [] : [[`TNULL${at + 1}`, blank]]),
  ]);
  return hdu(
    {
      XTENSION: 'BINTABLE',
      BITPIX: 8,
      ...axes([rows.length, rows[0]?.length ?? 0]),
      PCOUNT: 0,
      GCOUNT: 1,
      TFIELDS: columns.length,
      ...(Object.fromEntries(described) as Cards),
    },
    Buffer.concat(rows),
  );
}

/** Big-endian float32. */
export function floats(values: ArrayLike<number>): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (let at = 0; at < values.length; at++) bytes.writeFloatBE(values[at] ?? NaN, at * 4);
  return bytes;
}

/** Big-endian int64. */
export function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

/** Cards of a plain gnomonic projection, whose reference lies in the middle of an image. */
export function tan(ra: number, dec: number, side: number, degreesPerPixel = 1e-4): Cards {
  return {
    CTYPE1: 'RA---TAN',
    CTYPE2: 'DEC--TAN',
    CRVAL1: ra,
    CRVAL2: dec,
    CRPIX1: (side + 1) / 2,
    CRPIX2: (side + 1) / 2,
    CDELT1: -degreesPerPixel,
    CDELT2: degreesPerPixel,
  };
}
