import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk in memory, of a size that tests choose. */
export interface SmallDisk {
  readonly folder: string;
  /** @param kibibytes no less than what is on it */
  readonly resize: (kibibytes: number) => void;
  /** Takes all the room that is left. */
  readonly fill: () => void;
  /** Gives that room back. */
  readonly drain: () => void;
  readonly setReadOnly: (readOnly: boolean) => void;
  readonly remove: () => void;
}

/** Mounting a file system is for root alone, and in containers not even for it. @returns why there is none, else undefined */
export function whyNoSmallDisk(): string | undefined {
  try {
    mountDisk(64).remove();
    return undefined;
  } catch (error) {
    return `no file system can be mounted here: ${(error as Error).message.trim().split('\n').at(-1) ?? ''}`;
  }
}

export function mountDisk(kibibytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'cosmicai-disk-'));
  const mount = (...options: string[]) => execFileSync('mount', options, { stdio: 'pipe' });
  try {
    mount('-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', folder);
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
  const filler = join(folder, 'filler');
  return {
    folder,
    resize: (size) => void mount('-o', `remount,size=${size}k`, folder),
    fill: () => fill(filler),
    drain: () => rmSync(filler, { force: true }),
    setReadOnly: (readOnly) => void mount('-o', `remount,${readOnly ? 'ro' : 'rw'}`, folder),
    remove: () => {
      execFileSync('umount', ['--lazy', folder], { stdio: 'pipe' });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const PAGE = Buffer.alloc(4096, 1);

function fill(file: string): void {
  try {
    for (;;) writeFileSync(file, PAGE, { flag: 'a' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
