import { noPairing, type Body, type MessageName } from '../wire/messages.ts';
import type { Refusal } from '../errors.ts';
import type { Departure, Endpoint } from '../peer-link.ts';
import type { ServerContext } from './context.ts';
import { Pairing, type PairingTable } from './pairing.ts';

/** One authenticated rank with its control connection. */
export interface Member {
  readonly rank: number;
  readonly observed: Endpoint;
  readonly candidates: readonly Endpoint[];
  /** Pairings that this member was introduced by, by the peer's rank. */
  readonly pairings: Map<number, Pairing>;
  send<Name extends MessageName>(name: Name, body: Body<Name>): void;
  dismiss(refusal: Refusal, reason: string): void;
}

/** The ranks of one run (or one group of it) that are here, who seeks whom, and who is gone. */
export class World {
  readonly runId: string;
  readonly worldSize: number;
  readonly runKey: Buffer;
  readonly members: Map<number, Member> = new Map<number, Member>();
  /** Relays open now; counted here for the limit. */
  relays = 0;
  readonly #context: ServerContext;
  readonly #pairings: PairingTable;
  readonly #onEmpty: () => void;
  readonly #gone = new Map<number, Departure>();
  /** Ranks that said good-bye without having met anybody: they came to say that they won't take part. */
  readonly #declined = new Set<number>();
  /** Who waits for a rank that isn't here yet. */
  readonly #seekers = new Map<number, Set<number>>();

  constructor(
    context: ServerContext,
    pairings: PairingTable,
    run: { readonly runId: string; readonly worldSize: number; readonly runKey: Buffer },
    onEmpty: () => void,
  ) {
    this.runId = run.runId;
    this.worldSize = run.worldSize;
    this.runKey = run.runKey;
    this.#context = context;
    this.#pairings = pairings;
    this.#onEmpty = onEmpty;
  }

  /** A rank that comes again (a retry) takes the place of its predecessor, which the others see as lost. */
  join(member: Member): void {
    const before = this.members.get(member.rank);
    if (before !== undefined) {
      this.#part(before, 'lost');
      before.dismiss('replaced', `another process has joined as rank ${member.rank}`);
    }
    this.members.set(member.rank, member);
    this.#declined.delete(member.rank);
    if (this.#gone.delete(member.rank))
      this.#tellOthers(member.rank, (other) => other.send('back', { peer: member.rank }));
    const seekers = this.#seekers.get(member.rank) ?? [];
    this.#seekers.delete(member.rank);
    for (const rank of seekers) {
      const seeker = this.members.get(rank);
      if (seeker !== undefined) this.#introduce(seeker, member);
    }
  }

  /**
   * `member` wants a link with `rank`. Asking again changes nothing, unless it names the current pairing as `failed`: then both are
   * introduced anew.
   */
  seek(member: Member, rank: number, failed: Buffer): void {
    const peer = this.members.get(rank);
    if (peer !== undefined) {
      const current = member.pairings.get(rank);
      if (current === undefined || (!failed.equals(noPairing) && failed.equals(current.id)))
        this.#introduce(member, peer);
      return;
    }
    const how = this.#gone.get(rank);
    if (how !== undefined) {
      member.send('gone', { peer: rank, how });
      return;
    }
    const seekers = this.#seekers.get(rank) ?? new Set();
    seekers.add(member.rank);
    this.#seekers.set(rank, seekers);
  }

  /** The member's connection is over. Everybody hears of a loss; a good-bye is told to those who had to do with the member. */
  depart(member: Member, how: Departure): void {
    if (this.members.get(member.rank) !== member) return;
    if (how === 'left' && member.pairings.size === 0) this.#declined.add(member.rank);
    this.#part(member, how);
    if (this.members.size > 0) return;
    // Those who come next are another attempt, or, in a world that was opened ahead of its ranks, the first to look for others.
    for (const rank of this.#gone.keys()) if (!this.#declined.has(rank)) this.#gone.delete(rank);
    this.#onEmpty();
  }

  #part(member: Member, how: Departure): void {
    this.members.delete(member.rank);
    if (how === 'lost') this.#context.counters.membersLost++;
    else this.#context.counters.membersLeft++;
    const seekers = this.#seekers.get(member.rank);
    this.#seekers.delete(member.rank);
    for (const waiting of this.#seekers.values()) waiting.delete(member.rank);
    this.#gone.set(member.rank, how);
    this.#tellOthers(member.rank, (other) => {
      const concerned = how === 'lost' || member.pairings.has(other.rank) || seekers?.has(other.rank) === true;
      other.pairings.delete(member.rank);
      if (concerned) other.send('gone', { peer: member.rank, how });
    });
    for (const pairing of member.pairings.values()) this.#pairings.end(pairing);
    member.pairings.clear();
  }

  #introduce(left: Member, right: Member): void {
    const replaced = left.pairings.get(right.rank);
    if (replaced !== undefined) this.#pairings.end(replaced);
    const pairing = new Pairing(this.#context.randomBytes(noPairing.length), this, left, right);
    this.#pairings.add(pairing);
    left.pairings.set(right.rank, pairing);
    right.pairings.set(left.rank, pairing);
    this.#context.counters.introductions++;
    for (const [to, about] of [
      [left, right],
      [right, left],
    ] as const) {
      to.send('introduce', {
        peer: about.rank,
        pairing: pairing.id,
        observed: about.observed,
        candidates: about.candidates,
      });
    }
  }

  #tellOthers(rank: number, tell: (other: Member) => void): void {
    for (const other of this.members.values()) if (other.rank !== rank) tell(other);
  }
}
