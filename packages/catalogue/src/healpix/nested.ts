/** The finest order that fits 64 bits: pixels of 0.4 milliarcseconds. */
export const FINEST_ORDER = 29;

/** Pixels of the whole sphere. */
export function pixelsOf(order: number): number {
  return 12 * 4 ** order;
}

/**
 * The pixel of order 29 in the nested scheme that a position lies in (Górski et al. 2005, ApJ 622, 759, sections 4 and 5.3).
 *
 * @param ra degrees, of any turn
 * @param dec degrees, −90 to 90
 * @returns undefined for what is no position
 */
export function finestPixel(ra: number, dec: number): bigint | undefined {
  if (!Number.isFinite(ra) || !(dec >= -90 && dec <= 90)) return undefined;
  // In quarter turns, from degrees, so that edges between faces are exact.
  const turned = (ra / 90) % 4;
  // What is just below 0 becomes 4 when it is added.
  const quarter = turned < 0 ? (turned + 4) % 4 : turned;
  const { face, x, y } = Math.abs(sine(dec)) <= 2 / 3 ? equatorial(quarter, dec) : polar(quarter, dec);
  // The bits of x and y in turn, those of y higher; by halves, as numbers hold 53 bits.
  const low = spread(x & LOW) + 2 * spread(y & LOW);
  const high = spread(x >>> LOW_BITS) + 2 * spread(y >>> LOW_BITS);
  return (BigInt(face * 2 ** HIGH_PAIRS + high) << LOW_PAIRS) | BigInt(low);
}

/** The pixel of a lower order that a pixel of order 29 lies in. */
export function pixelAbove(finest: bigint, order: number): number {
  return Number(finest >> BigInt(2 * (FINEST_ORDER - order)));
}

const SIDE = 2 ** FINEST_ORDER;
const LOW_BITS = 15;
const LOW = 2 ** LOW_BITS - 1;
const LOW_PAIRS = BigInt(2 * LOW_BITS);
const HIGH_PAIRS = 2 * (FINEST_ORDER - LOW_BITS);

/** A cell of one of the twelve faces: x grows to the north-east, y to the north-west. */
interface Cell {
  readonly face: number;
  readonly x: number;
  readonly y: number;
}

function equatorial(quarter: number, dec: number): Cell {
  const rise = 0.75 * sine(dec);
  // Lines that ascend and that descend to the east, counted from the first ones of the first face.
  const ascending = Math.floor(SIDE * (0.5 + quarter - rise));
  const descending = Math.floor(SIDE * (0.5 + quarter + rise));
  const [column, row] = [Math.floor(ascending / SIDE), Math.floor(descending / SIDE)];
  const face = column === row ? (column % 4) + 4 : column < row ? column % 4 : (row % 4) + 8;
  return { face, x: descending - row * SIDE, y: SIDE - 1 - (ascending - column * SIDE) };
}

function polar(quarter: number, dec: number): Cell {
  const cap = Math.floor(quarter);
  const across = quarter - cap;
  const height = Math.abs(sine(dec));
  // sqrt(3 (1 - |z|)), without the difference, which loses its digits close to the pole.
  const distance = (SIDE * Math.sqrt(3) * Math.cos((dec * Math.PI) / 180)) / Math.sqrt(1 + height);
  const east = Math.min(SIDE - 1, Math.floor(across * distance));
  const west = Math.min(SIDE - 1, Math.floor((1 - across) * distance));
  return dec > 0 ? { face: cap, x: SIDE - 1 - west, y: SIDE - 1 - east } : { face: cap + 8, x: east, y: west };
}

function sine(dec: number): number {
  return Math.sin((dec * Math.PI) / 180);
}

/** Puts a zero before each of 15 bits. */
function spread(bits: number): number {
  let spaced = bits & LOW;
  spaced = (spaced | (spaced << 8)) & 0x00ff00ff;
  spaced = (spaced | (spaced << 4)) & 0x0f0f0f0f;
  spaced = (spaced | (spaced << 2)) & 0x33333333;
  return (spaced | (spaced << 1)) & 0x55555555;
}
