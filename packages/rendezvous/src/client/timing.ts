import { setTimeout as delay } from 'node:timers/promises';

/** Resolves after `ms`, or rejects with the signal's reason. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  try {
    await delay(ms, undefined, { signal });
  } catch {
    throw signal.reason;
  }
}

/** A signal that aborts with its parent or after `ms`, whichever is first; `end` frees its timer. */
export function within(ms: number, parent: AbortSignal, reason: () => Error): { signal: AbortSignal; end: () => void } {
  const controller = new AbortController();
  let lastLook: NodeJS.Immediate | undefined;
  const timer = setTimeout(
    () => {
      // On a busy machine what is waited for may have happened while the timer ran out: sockets have their turn first.
      lastLook = setImmediate(() => controller.abort(reason()));
    },
    Math.min(Math.max(ms, 0), maxTimerMs),
  );
  const abort = () => controller.abort(parent.reason);
  if (parent.aborted) abort();
  else parent.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer);
      clearImmediate(lastLook);
      parent.removeEventListener('abort', abort);
    },
  };
}

/** Node's timers hold 31 bits. */
export const maxTimerMs = 2_147_483_647;
