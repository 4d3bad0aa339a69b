import type { PairingTable } from './pairing.ts';
import type { ServerContext } from './context.ts';
import { OpenRuns } from './open-runs.ts';
import { World } from './world.ts';

interface Entry {
  readonly world: World;
  /** Opened by an observer (the step that starts the run): its world size holds until the time-out, even while nobody is in. */
  openedUntil: number;
}

/** All worlds by run id and group. A world lives while it has members, or until the time-out of its opening. */
export class Worlds {
  readonly #context: ServerContext;
  readonly #pairings: PairingTable;
  readonly #entries = new Map<string, Entry>();
  readonly #openRuns: OpenRuns;

  constructor(context: ServerContext, pairings: PairingTable) {
    this.#openRuns = new OpenRuns(context);
    this.#context = context;
    this.#pairings = pairings;
  }

  get count(): number {
    return this.#entries.size;
  }

  /** Runs that were opened and some ranks of which have still to come. */
  get open(): number {
    return this.#openRuns.count;
  }

  get members(): number {
    let members = 0;
    for (const { world } of this.#entries.values()) members += world.members.size;
    return members;
  }

  /**
   * The world of an authenticated client, opened when there is none.
   * @returns what is wrong, in words, when the client's world size isn't the world's, or there are too many worlds
   */
  enter(
    run: {
      readonly runId: string;
      readonly group: string;
      readonly rank: number;
      readonly worldSize: number;
      readonly runKey: Buffer;
    },
    observing: boolean,
  ): { readonly world: World } | { readonly refusal: 'worldMismatch' | 'limit'; readonly reason: string } {
    const key = `${run.runId}\0${run.group}`;
    const now = this.#context.now();
    let entry = this.#entries.get(key);
    const free = entry === undefined || (entry.world.members.size === 0 && (observing || entry.openedUntil <= now));
    if (entry !== undefined && !free && entry.world.worldSize !== run.worldSize) {
      const reason = `this run has a world size of ${entry.world.worldSize}, not ${run.worldSize}`;
      return { refusal: 'worldMismatch', reason };
    }
    if (entry === undefined || (free && entry.world.worldSize !== run.worldSize)) {
      if (entry === undefined && this.#entries.size >= this.#context.limits.worlds) {
        return { refusal: 'limit', reason: `the server holds ${this.#entries.size} runs already` };
      }
      const world: World = new World(this.#context, this.#pairings, run, () => this.#forgetUnlessOpened(key, world));
      entry = { world, openedUntil: now };
      this.#entries.set(key, entry);
      this.#context.log.debug({ runId: run.runId, group: run.group, worldSize: run.worldSize }, 'world opened');
    }
    if (observing) {
      entry.openedUntil = now + this.#context.timeouts.emptyWorld;
      this.#openRuns.opened(key, run.worldSize);
    } else this.#openRuns.came(key, run.rank);
    return { world: entry.world };
  }

  /** Forgets worlds that were opened for ranks which never came. */
  sweep(): void {
    for (const [key, { world }] of this.#entries) if (world.members.size === 0) this.#forgetUnlessOpened(key, world);
  }

  #forgetUnlessOpened(key: string, world: World): void {
    const entry = this.#entries.get(key);
    if (entry?.world !== world || entry.openedUntil > this.#context.now()) return;
    this.#entries.delete(key);
    this.#context.log.debug({ runId: world.runId }, 'world closed');
  }
}
