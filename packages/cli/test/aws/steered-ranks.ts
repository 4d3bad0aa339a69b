import type { FunctionCall } from '@cosmicai/aws-standin';

/** Steers the functions of ranks on a stand-in for AWS, and knows which functions were called. */
export class SteeredRanks {
  /** Ranks whose function fails: each is asked for a partition that isn't there. */
  readonly failing = new Set<number>();
  /** Functions called so far, in their order: `init`, `inference 3` (the rank), `summarize`. */
  readonly calls: string[] = [];
  #held:
    | { readonly ranks: readonly number[]; readonly reached: () => void; readonly released: Promise<unknown> }
    | undefined;

  /** Lets none of these ranks, by default no rank, answer until `release` is called; `reached` resolves when the first is held. */
  hold(...ranks: number[]): { readonly reached: Promise<unknown>; readonly release: () => void } {
    const [reached, released] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    this.#held = { ranks, reached: () => reached.resolve(undefined), released: released.promise };
    const release = () => {
      this.#held = undefined;
      released.resolve(undefined);
    };
    return { reached: reached.promise, release };
  }

  readonly intercept = async ({ functionName, payload }: FunctionCall): Promise<string> => {
    const task = JSON.parse(payload) as { RANK?: string };
    const called = functionName.split('-').at(-1)!;
    this.calls.push(task.RANK === undefined ? called : `${called} ${task.RANK}`);
    if (task.RANK === undefined) return payload;
    const rank = Number(task.RANK);
    const held = this.#held;
    if (held !== undefined && (held.ranks.length === 0 || held.ranks.includes(rank))) {
      held.reached();
      await held.released;
    }
    return this.failing.has(rank) ? JSON.stringify({ ...task, DATA_PATH: 'gone.pt' }) : payload;
  };
}
