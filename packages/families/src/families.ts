import { astromae } from './astromae/astromae-family.ts';
import type { ModelFamily } from './family.ts';

/** Every family whose checkpoints are compiled. */
export const FAMILIES: readonly ModelFamily[] = [astromae];
