import type { RankStatus } from './channel.ts';

/** Questions to other ranks that haven't been answered yet. */
export class Enquiries {
  readonly #open = new Map<number, (status: RankStatus | undefined) => void>();
  #next = 1;

  /**
   * @param ask sends the question under a number
   * @returns the answer; undefined when none has come before `signal`
   */
  ask(signal: AbortSignal, ask: (id: number) => void): Promise<RankStatus | undefined> {
    const id = this.#next++;
    return new Promise((resolve) => {
      const settle = (status: RankStatus | undefined): void => {
        this.#open.delete(id);
        signal.removeEventListener('abort', giveUp);
        resolve(status);
      };
      const giveUp = (): void => settle(undefined);
      signal.addEventListener('abort', giveUp);
      this.#open.set(id, settle);
      ask(id);
    });
  }

  answer(id: number, status: RankStatus | undefined): void {
    this.#open.get(id)?.(status);
  }
}
