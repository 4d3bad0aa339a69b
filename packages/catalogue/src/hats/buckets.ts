/** Rows that are sorted at once, and held for it. */
const MOST_ROWS = 150_000;

/**
 * Shares neighbouring cells of the sky out to buckets that can be held, so that bucket after bucket, each sorted, is all of it
 * sorted. A cell isn't divided: one with more rows than that makes a bucket of its own.
 *
 * @param counts rows in each cell
 * @returns the bucket of each cell, and how many there are
 */
export function bucketsOf(
  counts: Uint32Array,
  most = MOST_ROWS,
): { readonly bucketOf: Uint32Array; readonly buckets: number } {
  const bucketOf = new Uint32Array(counts.length);
  let [bucket, rows] = [0, 0];
  for (const [cell, count] of counts.entries()) {
    if (rows > 0 && rows + count > most) [bucket, rows] = [bucket + 1, 0];
    bucketOf[cell] = bucket;
    rows += count;
  }
  return { bucketOf, buckets: bucket + 1 };
}
