import { itemAt } from '@cosmicai/payload';

export interface SideBySide {
  readonly it: (title: string, test: () => Promise<void>) => void;
  /** Registers the tests, after the last `it`. */
  run(): void;
}

/**
 * Tests that begin together, when those before them have ended, and are reported one by one. Jest's `it.concurrent` begins at the start
 * of a file, beside what keeps this process busy.
 */
export function sideBySide(): SideBySide {
  const tests = new Map<string, () => Promise<void>>();
  const results = new Map<string, PromiseSettledResult<void>>();
  return {
    it: (title, test) => void tests.set(title, test),
    run() {
      beforeAll(async () => {
        const settled = await Promise.allSettled([...tests.values()].map((test) => test()));
        for (const [at, title] of [...tests.keys()].entries()) results.set(title, itemAt(settled, at));
      });
      it.each([...tests.keys()])('%s', (title) => {
        const result = results.get(title);
        if (result?.status !== 'fulfilled') throw result?.reason;
      });
    },
  };
}
