import { UnusableFileError } from '@cosmicai/payload';
import type { SampleSource } from '../src/index.ts';

/**
 * Tests that a file with a wrong bit is refused or read, and nothing else.
 *
 * @param places of the first byte that is damaged, and how many lie between one and the next
 */
export async function expectRefusedOrRead(
  bytes: Uint8Array,
  { first, step }: { readonly first: number; readonly step: number },
  open: (bytes: Uint8Array) => Promise<SampleSource>,
): Promise<void> {
  for (let at = first; at < bytes.length; at += step) {
    const damaged = Uint8Array.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
    const outcome = await open(damaged)
      .then((source) => source.read(0, source.count))
      .then(
        () => 'read',
        (error: unknown) => (error instanceof UnusableFileError ? 'refused' : error),
      );
    expect(['read', 'refused']).toContain(outcome);
  }
}
