/** Something said many times, of which only the latest matters. */
export interface Latest<Value> {
  readonly say: (value: Value) => void;
  /** Passes on what waits, at once. */
  flush(): void;
  /** Forgets what waits. */
  stop(): void;
}

/**
 * Passes on the first value at once and then the latest of every interval.
 *
 * @param milliseconds of an interval
 */
export function latest<Value>(pass: (value: Value) => void, milliseconds: number): Latest<Value> {
  let waiting: { readonly value: Value } | undefined;
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    const said = waiting;
    waiting = undefined;
    if (said !== undefined) pass(said.value);
  };
  const tick = () => {
    timer = undefined;
    if (waiting === undefined) return;
    flush();
    timer = setTimeout(tick, milliseconds).unref();
  };
  return {
    say: (value) => {
      waiting = { value };
      if (timer === undefined) tick();
    },
    flush,
    stop() {
      clearTimeout(timer);
      timer = undefined;
      waiting = undefined;
    },
  };
}
