/** Numbers the messages to or from each rank, one at a time: a number is used up only when its message went through. */
export class Lane {
  readonly #numbers = new Map<number, number>();
  readonly #last = new Map<number, Promise<unknown>>();

  async take<R>(rank: number, run: (sequence: number) => Promise<R>): Promise<R> {
    const before = this.#last.get(rank);
    const turn = (async () => {
      if (before !== undefined) await before.catch(() => undefined);
      const sequence = this.#numbers.get(rank) ?? 0;
      const result = await run(sequence);
      this.#numbers.set(rank, sequence + 1);
      return result;
    })();
    this.#last.set(rank, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(rank) === turn) this.#last.delete(rank);
    }
  }
}
