import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJsonAs, type ModelInputs } from '@cosmicai/payload';
import { z } from 'zod';
import type { Verdict } from './probe.ts';

/** Goes up when the probe asks for more than it did. */
const PROBE = 1;

const verdictSchema = z.object({
  batchDependence: z.object({ difference: z.number().nullable(), between: z.string() }).nullable(),
});

/**
 * Verdicts on models that were probed on this machine, by sha-256: who opens the same model again need not probe it. Keeping
 * them is a saving only, so that a folder that can't be read or written is no error.
 */
export class KeptVerdicts {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async find(sha256: string, names: ModelInputs): Promise<Verdict | undefined> {
    try {
      const path = this.#path(sha256, names);
      const { batchDependence } = parseJsonAs(verdictSchema, await readFile(path, 'utf8'), path);
      return {
        // JSON has no infinity.
        batchDependence: batchDependence && { ...batchDependence, difference: batchDependence.difference ?? Infinity },
      };
    } catch {
      return undefined;
    }
  }

  async keep(sha256: string, names: ModelInputs, verdict: Verdict): Promise<void> {
    const path = this.#path(sha256, names);
    const partial = `${path}.${process.pid}`;
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(partial, JSON.stringify(verdict));
      await rename(partial, path);
    } catch {
      // The next one probes again.
    }
  }

  #path(sha256: string, { image, magnitudes, redshift }: ModelInputs): string {
    const names = JSON.stringify([PROBE, image, magnitudes, redshift]);
    const suffix = createHash('sha256').update(names).digest('hex').slice(0, 8);
    return join(this.#folder, `${sha256}.${suffix}.probe.json`);
  }
}
