import type { RunEventBody } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import type { Clock } from '../clock.ts';
import type { FunctionPool } from '../pool/function-pool.ts';

/** What a function under way says of its work. */
export interface FunctionBeat {
  /** As in events: the child execution, absent in the run itself. */
  readonly in?: string;
  readonly state: string;
  readonly requestId: string;
  /** As the function gave it to its context's `reportProgress`. */
  readonly progress: unknown;
}

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
  /** Takes what functions say of their work; it goes into no log. */
  readonly beat: (beat: FunctionBeat) => void;
}
