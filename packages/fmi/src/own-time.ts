/** A process that was kept from its turn once has lost a part of this many at most. */
const SLICES = 8;

/**
 * Calls back when this process has had `ms` to work in: what it was stopped for, or kept from its turn on a busy machine, hardly counts.
 * Timers that fall due meanwhile fire before anything that has arrived is read; here sockets are read between two of them.
 *
 * @returns calls it off
 */
export function afterOwnTime(ms: number, call: () => void): () => void {
  let slicesLeft = SLICES;
  let timer = setTimeout(next, ms / SLICES);
  function next(): void {
    if (--slicesLeft === 0) call();
    else timer = setTimeout(next, ms / SLICES);
  }
  return () => clearTimeout(timer);
}
