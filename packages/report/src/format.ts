const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** A number as people read it: grouped when large, three or four significant digits when small. */
export function formatNumber(value: number, digits = 4): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1000) return grouped.format(value);
  if (size < 1e-4) return value.toExponential(digits - 2);
  return String(Number(value.toPrecision(digits)));
}

export function formatSeconds(seconds: number): string {
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
  if (seconds >= 120) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${formatNumber(seconds, 3)} s`;
}

/** Bits a second with the prefix that leaves at most three digits. */
export function formatBitRate(bitsPerSecond: number): string {
  const steps = [
    [1e9, 'Gbit/s'],
    [1e6, 'Mbit/s'],
    [1e3, 'kbit/s'],
  ] as const;
  const [size, unit] = steps.find(([from]) => bitsPerSecond >= from) ?? [1, 'bit/s'];
  return `${formatNumber(bitsPerSecond / size, 3)} ${unit}`;
}

export function formatUsd(usd: number): string {
  if (usd === 0) return '0 USD';
  return usd >= 1 ? `${usd.toFixed(2)} USD` : `${usd.toPrecision(3)} USD`;
}

export function formatPercent(fraction: number): string {
  return `${formatNumber(100 * fraction, 3)} %`;
}

/** All digits of a price, without an exponent: 0.0000002. */
export function formatUnitPrice(usd: number): string {
  return usd.toFixed(PRICE_DECIMALS).replace(/\.?0+$/, '');
}

/** Three significant digits, without an exponent. */
export function formatSmallUsd(usd: number): string {
  return formatUnitPrice(Number(usd.toPrecision(3)));
}

const PRICE_DECIMALS = 12;
