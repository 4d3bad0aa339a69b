/**
 * Loads a module, or whatever else takes its time, when it is first asked for, and only then.
 *
 * @returns what answers the same promise each time; one that fails is tried again
 */
export function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () =>
    (loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    }));
}
