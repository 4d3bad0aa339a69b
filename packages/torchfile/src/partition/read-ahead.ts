import { itemAt } from '@cosmicai/payload';
/**
 * Results of `read` for each item in order, with up to `ahead` reads under way beyond the one handed out. When the
 * caller leaves the loop, or a read fails, the reads under way are cancelled.
 */
export async function* readAhead<Item, Result>(
  items: readonly Item[],
  ahead: number,
  signal: AbortSignal | undefined,
  read: (item: Item, signal: AbortSignal) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const left = new AbortController();
  const cancelled = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
  const underWay: Promise<Result>[] = [];
  let next = 0;
  try {
    while (next < items.length || underWay.length > 0) {
      cancelled.throwIfAborted();
      while (next < items.length && underWay.length <= ahead) {
        const result = read(itemAt(items, next), cancelled);
        // An error is thrown where its batch is due; until then it must not count as unhandled.
        result.catch(() => undefined);
        underWay.push(result);
        next += 1;
      }
      yield await itemAt(underWay.splice(0, 1), 0);
    }
  } finally {
    left.abort(new Error('the reader of the partition stopped early'));
  }
}
