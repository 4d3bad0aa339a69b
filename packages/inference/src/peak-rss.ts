import { readFileSync } from 'node:fs';

/**
 * Peak resident memory of this process in MB of 2^20 bytes. From the kernel's VmHWM where there is one: getrusage's maxRSS
 * starts at the parent's peak in a forked process.
 */
export function peakRssMb(): number {
  const { maxRSS } = process.resourceUsage();
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return (kilobytes === undefined ? maxRSS : Number(kilobytes)) / 1024;
  } catch {
    return maxRSS / 1024;
  }
}
