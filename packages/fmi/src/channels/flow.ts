import { isPointToPoint } from '../operation.ts';
import type { Message } from '../value.ts';

/** What a message takes of the window beside its body, so that empty ones are bounded too. */
const MESSAGE_COST = 64;
/** A receiver that was asked reports after this much; a quarter of the smallest window. */
const REPORT_EVERY = 64 * 1024;

/**
 * Flow control by credit for one kind of messages of a link: those from point to point and those of collectives have a window each, so that
 * neither waits for the other's to be read. Both sides count the bytes of messages since the link was made, modulo 2^32 on the wire.
 *
 * The receiver reports what it has consumed with everything it sends. Beyond that a message asks for reports once half of the window is
 * in use, and then once in a quarter of it, so links with little traffic carry none; the receiver then reports every `REPORT_EVERY` bytes
 * until all that had come up to that message is accounted for, in whatever order it is read. So a sender that waits, which it never does
 * while half of the window is free, knows of everything that was consumed but for less than `REPORT_EVERY` bytes: what it waits for
 * is still to be read.
 */
export class Flow {
  readonly #window: number;
  #sent = 0;
  #outstanding = 0;
  #sinceAsked = 0;
  #received = 0;
  #consumed = 0;
  #reported = 0;
  /** Bytes received up to the last message that asked. */
  #asked = 0;

  /** @param window bytes that may be on the way, except that a single message may be larger */
  constructor(window: number) {
    this.#window = window;
  }

  hasRoom(size: number): boolean {
    return this.#outstanding + size <= this.#window || this.#outstanding <= this.#window / 2;
  }

  /** Bytes that this side has sent and of which it doesn't know that the peer has consumed them. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Counts a message that is sent now; true when it has to ask for a report. */
  send(size: number): boolean {
    this.#sent += size;
    this.#outstanding += size;
    this.#sinceAsked += size;
    const asks = this.#outstanding > this.#window / 2 && this.#sinceAsked >= this.#window / 4;
    if (asks) this.#sinceAsked = 0;
    return asks;
  }

  /** The peer has consumed so much of what this side has sent. */
  onReport(consumed: number): void {
    this.#outstanding = (this.#sent - consumed) >>> 0;
  }

  receive(size: number, asks: boolean): void {
    this.#received += size;
    if (asks) this.#asked = this.#received;
  }

  /** Counts a message that somebody has taken. */
  consume(size: number): void {
    this.#consumed += size;
  }

  /** Has the peer asked for a report that is to be sent by now? */
  get owesReport(): boolean {
    return this.#reported < this.#asked && this.#consumed - this.#reported >= REPORT_EVERY;
  }

  /** What this side has consumed, as the wire has it; to be sent now. */
  report(): number {
    this.#reported = this.#consumed;
    return this.#consumed >>> 0;
  }
}

/** Bytes that a message counts for in a window. */
export function costOf(message: Message): number {
  return message.body.byteLength + MESSAGE_COST;
}

/** The flows of one link. */
export class Flows {
  readonly #collective: Flow;
  readonly #pointToPoint: Flow;

  constructor(window: number) {
    this.#collective = new Flow(window);
    this.#pointToPoint = new Flow(window);
  }

  /** Bytes that the peer isn't known to have consumed. */
  get outstanding(): number {
    return this.#collective.outstanding + this.#pointToPoint.outstanding;
  }

  of(context: number): Flow {
    return isPointToPoint(context) ? this.#pointToPoint : this.#collective;
  }
}
