/** Below, garbage collection costs less than giving the memory back by hand. */
const WORTH_RELEASING = 16 * 1024;

/**
 * Gives memory back now that nobody else uses. Memory of buffers lies outside of the heap that V8 measures its collections by: left to
 * the collector, a stream of large messages makes it run over the whole heap every few milliseconds.
 */
export function release({ buffer, byteLength }: Uint8Array): void {
  if (byteLength < WORTH_RELEASING || byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  // Node 20 can't: there the collector does it after all.
  (buffer as { transfer?: (bytes: number) => unknown }).transfer?.(0);
}
