import { readFileSync } from 'node:fs';

/**
 * Resident and peak resident memory of a process in bytes, from /proc; undefined where there is none or the process has
 * ended. `resourceUsage().maxRSS` would not do: Linux carries the peak of the forking process over into the child.
 */
export function residentMemory(pid: number | 'self'): { readonly now: number; readonly peak: number } | undefined {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return undefined;
  }
  const kibibytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  return { now: kibibytes('VmRSS') * 1024, peak: kibibytes('VmHWM') * 1024 };
}
