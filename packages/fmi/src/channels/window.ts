const MIB = 1024 * 1024;
const SMALLEST_WINDOW = MIB / 4;
const LARGEST_WINDOW = 16 * MIB;
/** Part of a function's memory that messages on the way to all peers may take together. */
const BUFFER_SHARE = 4;
/** Lengths on the wire have 32 bits, of which one stays free. */
const LARGEST_LENGTH = 2 ** 31 - 1;

/** How a rank's memory is shared out: bytes on the way to one peer, and of the largest single message. */
export function windowFor(setting: { worldSize: number; memoryBytes: number }): {
  window: number;
  largestMessage: number;
} {
  const share = setting.memoryBytes / BUFFER_SHARE / Math.max(1, setting.worldSize - 1);
  return {
    window: Math.min(LARGEST_WINDOW, Math.max(SMALLEST_WINDOW, share)),
    largestMessage: Math.min(LARGEST_LENGTH, setting.memoryBytes),
  };
}
