import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonAs, PROGRESS_FILE, progressRecordSchema, withFormat, type ProgressRecord } from '@cosmicai/payload';

/** The file by which other terminals see how far the run of an execution is. It is worth no failure: what can't be written isn't. */
export class ProgressFile {
  readonly #path: string;

  constructor(directory: string) {
    this.#path = join(directory, PROGRESS_FILE);
  }

  write(record: ProgressRecord): void {
    try {
      writeFileSync(`${this.#path}.partial`, `${JSON.stringify(withFormat(record), null, 1)}\n`);
      renameSync(`${this.#path}.partial`, this.#path);
    } catch {
      this.remove();
    }
  }

  /** A run that is over is told of by its results. */
  remove(): void {
    for (const path of [this.#path, `${this.#path}.partial`]) {
      try {
        rmSync(path, { force: true });
      } catch {
        // A folder that can only be read.
      }
    }
  }
}

/** What the executions of a folder tell of runs under way, or were telling when they were killed; newest first. */
export function progressIn(executions: string): { readonly directory: string; readonly record: ProgressRecord }[] {
  return namesIn(executions)
    .sort()
    .reverse()
    .flatMap((name) => {
      const directory = join(executions, name);
      const path = join(directory, PROGRESS_FILE);
      try {
        return [{ directory, record: parseJsonAs(progressRecordSchema, readFileSync(path, 'utf8'), path) }];
      } catch {
        // None there, or one of another version: the run's own files tell what is known then.
        return [];
      }
    });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
