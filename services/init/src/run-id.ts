/**
 * `20261121T064015Z-3f9ac1d2`: sorts by time, is safe in object keys, and differs for two runs begun in the same second.
 *
 * @param randomHex at least 8 hexadecimal digits
 */
export function runId(now: Date, randomHex: string): string {
  return `${now.toISOString().replace(/[-:]|\.\d+/g, '')}-${randomHex.slice(0, 8)}`;
}
