import type { Socket } from 'node:net';
import { joinMac, sameBytes } from '../keys.ts';
import { encode, type Body, type Path } from '../wire/messages.ts';
import { observedEndpoint, refuse, type ServerContext } from './context.ts';
import { Relay } from './relay.ts';
import type { Member, World } from './world.ts';

/** One member's connection on a path. */
export interface Side {
  readonly rank: number;
  readonly socket: Socket;
}

interface WaitingSide extends Side {
  /** Takes the server's waiting listeners off the socket. */
  readonly leave: () => void;
}

/** Two members that were introduced to each other, and the connections they make to be brought together. */
export class Pairing {
  readonly id: Buffer;
  readonly key: string;
  readonly world: World;
  readonly members: readonly [Member, Member];
  /** `path rank` of every join so far: each is good once. */
  readonly used: Set<string> = new Set<string>();
  /** The side of a path that came first. */
  readonly waiting: Map<Path, WaitingSide> = new Map<Path, WaitingSide>();

  constructor(id: Buffer, world: World, left: Member, right: Member) {
    this.id = id;
    this.key = id.toString('hex');
    this.world = world;
    this.members = [left, right];
  }
}

/** All pairings by id, and what happens to the punch and relay connections that name one. */
export class PairingTable {
  readonly #context: ServerContext;
  readonly #byId = new Map<string, Pairing>();
  readonly #relays = new Set<Relay>();

  constructor(context: ServerContext) {
    this.#context = context;
  }

  get relays(): number {
    return this.#relays.size;
  }

  /** Bytes of relays that are open. */
  get bytesInRelays(): number {
    let bytes = 0;
    for (const relay of this.#relays) bytes += relay.bytes;
    return bytes;
  }

  /** Pairings with a side that waits for the other; a drain waits for them. */
  get unfinished(): number {
    let count = 0;
    for (const pairing of this.#byId.values()) count += pairing.waiting.size;
    return count;
  }

  add(pairing: Pairing): void {
    this.#byId.set(pairing.key, pairing);
  }

  /** Members are parted. A relay of theirs lives as long as its connections: the server may have lost sight of a rank that only computes. */
  end(pairing: Pairing): void {
    this.#byId.delete(pairing.key);
    for (const { socket } of [...pairing.waiting.values()]) socket.destroy();
  }

  /** Takes over a connection whose first message is `join`. */
  join(socket: Socket, seat: { authenticated(): void }, message: Body<'join'>): void {
    const pairing = this.#byId.get(message.pairing.toString('hex'));
    const { rank, path, mac } = message;
    const other = pairing?.members.find((member) => member.rank !== rank);
    const mine = pairing?.members.some((member) => member.rank === rank);
    if (pairing === undefined || other === undefined || mine !== true) {
      refuse(this.#context, socket, 'unknownPairing', 'no such pairing, or not with this rank; it may have ended');
      return;
    }
    if (!sameBytes(mac, joinMac(pairing.world.runKey, pairing.id, rank, path))) {
      refuse(this.#context, socket, 'wrongProof', `rank ${rank} hasn't proven the run key for this pairing`);
      return;
    }
    const use = `${path} ${rank}`;
    if (pairing.used.has(use)) {
      refuse(
        this.#context,
        socket,
        'unknownPairing',
        `rank ${rank} has already taken the ${path} path of this pairing`,
      );
      return;
    }
    pairing.used.add(use);
    seat.authenticated();
    const first = pairing.waiting.get(path);
    if (first === undefined) this.#wait(pairing, path, rank, socket, other);
    else this.#bringTogether(pairing, path, first, { rank, socket });
  }

  #wait(pairing: Pairing, path: Path, rank: number, socket: Socket, other: Member): void {
    const leave = () => {
      clearTimeout(timer);
      if (pairing.waiting.get(path) === side) pairing.waiting.delete(path);
      socket.removeAllListeners('data').off('end', gone).off('close', leave);
    };
    const gone = () => socket.destroy();
    const side: WaitingSide = { rank, socket, leave };
    const timer = setTimeout(() => {
      leave();
      refuse(this.#context, socket, 'timeout', `the peer hasn't taken the ${path} path in time`);
    }, this.#context.timeouts.join);
    pairing.waiting.set(path, side);
    socket.on('data', () => {
      leave();
      refuse(this.#context, socket, 'malformed', 'bytes before the peer has come');
    });
    socket.on('end', gone).on('close', leave).resume();
    other.send('nudge', { pairing: pairing.id, path });
  }

  #bringTogether(pairing: Pairing, path: Path, first: WaitingSide, second: Side): void {
    first.leave();
    if (path === 'punch') this.#meet(first.socket, second.socket);
    else this.#relay(pairing, first, second);
  }

  /** The connections stay open while the peers punch: closing early can free the port that they are using. */
  #meet(first: Socket, second: Socket): void {
    this.#context.counters.punches++;
    for (const [socket, other] of [
      [first, second],
      [second, first],
    ] as const) {
      const observed = observedEndpoint(socket);
      const peer = observedEndpoint(other);
      if (observed === undefined || peer === undefined) {
        first.destroy();
        second.destroy();
        return;
      }
      socket.write(encode('meet', { observed, peer }));
      const timer = setTimeout(() => socket.destroy(), this.#context.timeouts.join);
      socket.once('close', () => clearTimeout(timer));
      socket.once('end', () => socket.end()).resume();
    }
  }

  #relay(pairing: Pairing, first: Side, second: Side): void {
    const { world } = pairing;
    const { limits, counters } = this.#context;
    if (this.#relays.size >= limits.relays || world.relays >= limits.relaysPerWorld) {
      for (const { socket } of [first, second]) {
        refuse(this.#context, socket, 'limit', 'the relay has no more room; ask its operator to raise the limit');
      }
      return;
    }
    counters.relaysOpened++;
    world.relays++;
    const relay = new Relay(first, second, () => {
      world.relays--;
      counters.relayedBytes += relay.bytes;
      this.#relays.delete(relay);
      this.#context.log.debug(
        { runId: world.runId, ranks: [first.rank, second.rank], bytes: relay.bytes },
        'relay ended',
      );
    });
    this.#relays.add(relay);
  }

  /** Cuts what is left when the drain's time is over. */
  destroyRelays(): void {
    for (const relay of this.#relays) relay.destroy();
  }
}
