import type { ChannelFactory } from './channel.ts';
import { CommunicatorClosedError } from '../errors.ts';
import type { Slot } from '../operation.ts';
import { cloneArray, type Message } from '../value.ts';
import type { Link, LinkHandler } from './link.ts';
import { LinkChannel } from './link-channel.ts';
import { windowFor } from './window.ts';

interface Offer {
  readonly handler: LinkHandler;
  readonly resolve: (link: Link) => void;
}

/** Joins the ranks of a world that live in one process; one hub per world, given to every rank's communicator. */
export class MemoryHub {
  readonly #offers = new Map<string, Offer>();
  readonly #ends: MemoryLink[] = [];
  readonly #lost = new Set<number>();

  /** Both ranks dial each other, in any order; the later one completes the link. */
  dial(rank: number, peer: number, handler: LinkHandler, signal: AbortSignal): Promise<Link> {
    return new Promise((resolve, reject) => {
      if (this.#lost.has(peer)) {
        reject(new CommunicatorClosedError(`of rank ${peer}`));
        return;
      }
      const waiting = this.#offers.get(`${peer} ${rank}`);
      if (waiting === undefined) {
        const key = `${rank} ${peer}`;
        this.#offers.set(key, { handler, resolve });
        signal.addEventListener('abort', () => this.#offers.delete(key), { once: true });
        return;
      }
      this.#offers.delete(`${peer} ${rank}`);
      const mine = new MemoryLink(rank, waiting.handler);
      const theirs = new MemoryLink(peer, handler);
      this.#ends.push(mine, theirs);
      mine.other = theirs;
      theirs.other = mine;
      waiting.resolve(theirs);
      resolve(mine);
    });
  }

  /** Cuts a rank off without a good-bye, as when its process is killed. */
  lose(rank: number): void {
    this.#lost.add(rank);
    for (const end of this.#ends) if (end.owner === rank) end.cut();
  }
}

class MemoryLink implements Link {
  readonly owner: number;
  readonly #receiver: LinkHandler;
  other: MemoryLink | undefined;
  #open = true;

  constructor(owner: number, receiver: LinkHandler) {
    this.owner = owner;
    this.#receiver = receiver;
  }

  write(kind: number, slot: Slot, message: Message, consumed: number, flushed?: () => void): void {
    if (this.#open) {
      const { context, sequence, signature } = slot;
      // A copy: two processes share no memory either.
      const copy = { ...message, body: cloneArray(message.body), owned: true };
      this.#receiver.onFrame(kind, { context, sequence, signature }, copy, consumed);
    }
    flushed?.();
  }

  close(): Promise<boolean> {
    this.cut();
    return Promise.resolve(true);
  }

  cut(): void {
    if (!this.#open) return;
    this.#open = false;
    queueMicrotask(() => this.#receiver.onEnd('its end of the memory channel was cut'));
    this.other?.cut();
  }
}

/** All ranks in one process: for tests, and for trying a program out. */
export function memory(hub: MemoryHub): ChannelFactory {
  return (setting) =>
    new LinkChannel({ kind: 'memory', ...setting, ...windowFor(setting) }, (peer, handler, signal) =>
      hub.dial(setting.rank, peer, handler, signal),
    );
}
