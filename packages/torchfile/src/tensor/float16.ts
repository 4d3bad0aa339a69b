const HALF_SUBNORMAL = 2 ** -24;
const bits = new Uint32Array(1);
const value = new Float32Array(bits.buffer);

/** Value of IEEE 754 binary16 bits. */
export function fromFloat16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * HALF_SUBNORMAL;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}

/** Value of bfloat16 bits: the upper half of a float32. */
export function fromBfloat16(upper: number): number {
  bits[0] = upper << 16;
  // eslint-disable-next-line @typescript-eslint/no-non-null-assertion -- an array of one
  return value[0]!;
}
