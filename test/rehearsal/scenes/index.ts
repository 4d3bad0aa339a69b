import type { Rehearsal } from '../rehearsal.ts';
import { FAILURES } from './failures.ts';
import { EVERY_DAY, REMOVAL } from './every-day.ts';
import { MEETINGS } from './meetings.ts';
import { MODELS } from './models.ts';
import { STAGES } from './stages.ts';

export interface Scene {
  readonly name: string;
  /** Whether it is played without --full. */
  readonly quick: boolean;
  play(rehearsal: Rehearsal): Promise<void>;
}

/** In order: each finds what the ones before it have left. */
export const SCENES: readonly Scene[] = [...EVERY_DAY, ...MODELS, ...FAILURES, ...REMOVAL, ...STAGES, ...MEETINGS];
