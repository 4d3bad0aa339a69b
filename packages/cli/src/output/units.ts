/** Numbers as people read them; every function names its unit. */

export function seconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

export function megabytes(value: number): string {
  return `${value.toFixed(0)} MB`;
}

export function perSecond(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(value < 10 ? 2 : 0)}/s`;
}

export function bitsPerSecond(value: number | null): string {
  if (value === null) return '–';
  return value >= 1e9 ? `${(value / 1e9).toFixed(2)} Gbit/s` : `${(value / 1e6).toFixed(1)} Mbit/s`;
}

export function score(value: number | null, digits = 5): string {
  return value === null ? '–' : value.toFixed(digits);
}
