import type { RunEventBody } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import type { Clock } from '../clock.ts';
import type { FunctionPool } from '../pool/function-pool.ts';

/** What all executions of one run share. */
export interface Engine {
  readonly machineName: string;
  readonly pool: FunctionPool;
  readonly openBucket: (bucket: string) => ObjectStore;
  readonly concurrency: number;
  readonly skipWaits: boolean;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly emit: (event: RunEventBody, child?: string) => void;
}
