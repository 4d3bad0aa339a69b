import type { FunctionErrorBody } from './function-error.ts';

/** To the child process: run the handler once. Payloads travel as JSON text, exactly as Lambda passes them. */
export interface InvokeMessage {
  readonly requestId: string;
  readonly payload: string;
  /** Epoch milliseconds at which the invocation will be stopped: what `getRemainingTimeInMillis` counts down to. */
  readonly deadline: number;
}

/** From the child process. `peakRss` is in bytes, over the life of the process. */
export type ChildMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'initFailed'; readonly error: FunctionErrorBody }
  /** What the function says of an invocation under way, by its context's `reportProgress`. */
  | { readonly type: 'progress'; readonly requestId: string; readonly progress: unknown }
  | { readonly type: 'answer'; readonly requestId: string; readonly payload: string; readonly peakRss: number }
  | {
      readonly type: 'error';
      readonly requestId: string | undefined;
      readonly error: FunctionErrorBody;
      readonly peakRss: number;
    };

/** What the child is told at its start, as environment variables. */
export const BOOTSTRAP = { bundle: 'COSMICAI_FUNCTION_BUNDLE', handler: 'COSMICAI_FUNCTION_HANDLER' } as const;
