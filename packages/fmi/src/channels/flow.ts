/**
 * Flow control by credit for one kind of messages of a link: those from point to point and those of collectives have a window each, so that
 * neither waits for the other's to be read. Both sides count the bytes of messages since the link was made, modulo 2^32 on the wire.
 *
 * The receiver reports what it has consumed with everything it sends, and when a message asks for it. Messages ask once half of the
 * window is in use, and then once in a quarter of it, so links with little traffic carry no reports. Of what a receiver has consumed
 * without a report, all was sent after the last message that asked; that is half of a window at most. A sender never waits while no
 * more than that is on the way, so it waits only for messages that are still to be read.
 */
export class Flow {
  readonly #window: number;
  #sent = 0;
  #outstanding = 0;
  #sinceAsked = 0;
  #consumed = 0;

  /** @param window bytes that may be on the way, except that a single message may be larger */
  constructor(window: number) {
    this.#window = window;
  }

  /** Bytes that this side has consumed, as the wire has it. */
  get consumed(): number {
    return this.#consumed >>> 0;
  }

  hasRoom(size: number): boolean {
    return this.#outstanding + size <= this.#window || this.#outstanding <= this.#window / 2;
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

  consume(size: number): void {
    this.#consumed += size;
  }

  /** The peer has consumed so much of what this side has sent. */
  onReport(consumed: number): void {
    this.#outstanding = (this.#sent - consumed) >>> 0;
  }
}
