import { InvalidArgumentError } from 'commander';

/** Parser of an option that takes a whole number of at least `min`. */
export function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[+-]?\d+$/.test(text.trim()) && value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}

/** Parser of an option that takes a list of whole numbers: `1,2,4`. */
export function wholeNumbers(min: number): (text: string) => number[] {
  const parse = wholeNumber(min);
  return (text) => text.split(',').map((part) => parse(part));
}

/** 1 MB of a partition size is 2^20 bytes: a partition of 100 MB then holds the 5,113 galaxies of the published ones (see docs/data.md). */
const BYTES_PER_MB = 1 << 20;

/** Parser of an option that takes a size such as `25MB` or `1GB`; answers bytes. */
export function byteSize(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(KB|MB|GB)\s*$/i.exec(text);
  const factor = { KB: BYTES_PER_MB / 1024, MB: BYTES_PER_MB, GB: BYTES_PER_MB * 1024 }[
    match?.[2]?.toUpperCase() ?? ''
  ];
  if (match === null || factor === undefined || Number(match[1]) <= 0)
    throw new InvalidArgumentError('Expected a size such as 25MB or 1GB.');
  return Math.floor(Number(match[1]) * factor);
}
