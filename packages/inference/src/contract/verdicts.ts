import { createHash } from 'node:crypto';
import { parseJsonAs, type ModelInputs, type ModelSpec } from '@cosmicai/payload';
import { z } from 'zod';
import { OwnFolder } from '../own-folder.ts';
import type { Verdict } from './probe.ts';

/** Goes up when the probe asks for more than it did. */
const PROBE = 1;

const verdictSchema = z.object({
  batchDependence: z.object({ difference: z.number().nullable(), between: z.string() }).nullable(),
});

/** What a model was asked for: the same file may be mapped, or described beside it, in other ways. */
export interface ModelUse {
  readonly names: ModelInputs;
  readonly spec: ModelSpec;
}

/**
 * Verdicts on models that were probed on this machine, by sha-256: who opens the same model again need not probe it. Keeping
 * them is a saving only, so that a folder that can't be read or written, or isn't this user's alone, is not an error.
 */
export class KeptVerdicts {
  readonly #folder: OwnFolder;

  /** @param folder default: of this user among the temporary files */
  constructor(folder?: string) {
    this.#folder = new OwnFolder(folder);
  }

  async find(sha256: string, use: ModelUse): Promise<Verdict | undefined> {
    try {
      const name = nameOf(sha256, use);
      const text = await this.#folder.read(name);
      if (text === undefined) return undefined;
      const { batchDependence } = parseJsonAs(verdictSchema, text, name);
      return {
        // JSON has no infinity.
        batchDependence: batchDependence && { ...batchDependence, difference: batchDependence.difference ?? Infinity },
      };
    } catch {
      return undefined;
    }
  }

  async keep(sha256: string, use: ModelUse, verdict: Verdict): Promise<void> {
    try {
      await this.#folder.write(nameOf(sha256, use), JSON.stringify(verdict));
    } catch {
      // The next one probes again.
    }
  }
}

function nameOf(sha256: string, { names: { image, magnitudes, redshift }, spec }: ModelUse): string {
  const names = JSON.stringify([PROBE, image, magnitudes, redshift, spec]);
  const suffix = createHash('sha256').update(names).digest('hex').slice(0, 8);
  return `${sha256}.${suffix}.probe.json`;
}
