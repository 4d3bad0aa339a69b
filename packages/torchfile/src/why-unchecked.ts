import type { TorchFile, TorchFileOptions } from './torch-file.ts';

/**
 * Why damage to a file could go unnoticed though it was to be checked; undefined when it couldn't, or wasn't to be.
 *
 * @param entries that were read and not compared with their CRC-32
 */
export function whyUnchecked(
  { hasChecksums, kind }: Pick<TorchFile, 'hasChecksums' | 'kind'>,
  { checkCrc = true }: Pick<TorchFileOptions, 'checkCrc'>,
  entries: readonly string[],
): string | undefined {
  if (!checkCrc) return undefined;
  if (kind === 'legacy') return 'files of torch before 1.6 have no sums to check them by';
  if (!hasChecksums) return 'it was written without CRC-32 sums (torch.serialization.set_crc32_options(False))';
  if (entries.length === 0) return undefined;
  return `of ${entries.join(', ')} most bytes belong to nothing that is read, so the CRC-32 was not checked; save .clone() of each tensor`;
}
