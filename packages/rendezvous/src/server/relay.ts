import type { Socket } from 'node:net';
import { encode } from '../wire/messages.ts';
import type { Side } from './pairing.ts';

/** Idle connections through NATs are kept alive, and dead machines noticed, by TCP's own probes. */
const keepAliveMs = 15_000;

/**
 * Two connections joined: each one's bytes go to the other, no faster than the other takes them (a slow reader stops the sender, and
 * the server holds no more than the streams' own buffers). An end of stream crosses like bytes do.
 */
export class Relay {
  readonly #sides: readonly [Side, Side];
  readonly #before: number;
  readonly #ended: () => void;
  #open = 2;

  constructor(first: Side, second: Side, ended: () => void) {
    this.#sides = [first, second];
    this.#ended = ended;
    this.#before = first.socket.bytesRead + second.socket.bytesRead;
    for (const [from, to] of [
      [first.socket, second.socket],
      [second.socket, first.socket],
    ] as const) {
      from.setNoDelay(true);
      from.setKeepAlive(true, keepAliveMs);
      from.write(encode('open', {}));
      from.once('close', () => this.#closed(to, from.readableEnded));
      from.pipe(to);
    }
  }

  /** Bytes that peers have sent, in both directions. */
  get bytes(): number {
    return this.#sides[0].socket.bytesRead + this.#sides[1].socket.bytesRead - this.#before;
  }

  destroy(): void {
    for (const { socket } of this.#sides) socket.destroy();
  }

  #closed(other: Socket, cleanly: boolean): void {
    if (!cleanly) other.destroySoon();
    if (--this.#open === 0) this.#ended();
  }
}
