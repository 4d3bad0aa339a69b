import type { Socket } from 'node:net';
import { linkMac, linkPsk, sameBytes, type LinkSide } from '../keys.ts';
import { LinkMismatchError } from '../errors.ts';
import { MalformedMessageError } from '../wire/fields.ts';
import { FrameReader } from '../wire/frame-reader.ts';
import { encode, type Body, type Message } from '../wire/messages.ts';

export interface HandshakeOptions {
  readonly socket: Socket;
  /** Key of this pairing's links. */
  readonly key: Buffer;
  readonly pairing: Buffer;
  readonly self: number;
  readonly peer: number;
  readonly encrypt: boolean;
  readonly nonce: Buffer;
  /** The peer's hello, when the connection came in and was recognised by it. */
  readonly heard?: { readonly hello: Body<'linkHello'>; readonly reader: FrameReader };
  /** The peer has proven the key. The lower rank now chooses this connection, or closes it. */
  readonly onVerified: () => void;
  /** The peer has chosen this connection: the socket is ready, paused, with any early bytes of the peer put back. */
  readonly onChosen: () => void;
  /** The connection is of no use; its socket is destroyed. */
  readonly onFailed: (error: Error) => void;
}

/**
 * The mutual proof on one connection between peers: hello and nonce each way, then an HMAC each way over both nonces and ranks. Nobody
 * has to know who dialled, so it also fits simultaneous opens. Several connections of a pair may be verified at once; the lower
 * rank's `chosen` makes one of them the link.
 */
export class Handshake {
  readonly #options: HandshakeOptions;
  readonly #reader: FrameReader;
  readonly #mine: LinkSide;
  #theirs: LinkSide | undefined;
  #verified = false;
  #over = false;

  constructor(options: HandshakeOptions) {
    this.#options = options;
    this.#mine = { rank: options.self, nonce: options.nonce };
    this.#reader = options.heard?.reader ?? new FrameReader();
  }

  /** Says hello, and handles what has been heard already. The callbacks come from now on. */
  start(): void {
    const { socket, pairing, self, nonce, encrypt, heard } = this.#options;
    socket.on('data', this.#onData).on('close', this.#onClose);
    socket.write(encode('linkHello', { pairing, from: self, nonce, encrypt }));
    if (heard !== undefined) this.#try(() => this.#onHello(heard.hello));
    this.#drain();
    if (!this.#over) socket.resume();
  }

  /** Makes this connection the link; only for the lower rank, after `onVerified`. */
  choose(): void {
    const { socket, key, encrypt } = this.#options;
    if (this.#theirs === undefined || this.#over) throw new Error('a connection was chosen before it was verified');
    socket.write(encode('linkChosen', { mac: linkMac(key, 'chosen', this.#mine, this.#theirs, encrypt) }));
    this.#release();
  }

  /** Key for TLS on this connection, the same on both sides. */
  psk(): Buffer {
    const mine = this.#mine;
    const theirs = this.#theirs;
    if (theirs === undefined) throw new Error('the key of a connection was asked for before its hello');
    const { key } = this.#options;
    return mine.rank <= theirs.rank ? linkPsk(key, mine, theirs) : linkPsk(key, theirs, mine);
  }

  /** Closes a connection that isn't needed. */
  drop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#reader.push(chunk);
    this.#drain();
  };

  readonly #onClose = (): void => this.#fail(new Error('the connection closed during the link handshake'));

  #drain(): void {
    this.#try(() => {
      while (!this.#over) {
        const message = this.#reader.next();
        if (message === undefined) return;
        this.#handle(message);
      }
    });
  }

  #try(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof MalformedMessageError || error instanceof LinkMismatchError)) throw error;
      this.#fail(error);
    }
  }

  #handle(message: Message): void {
    const { key, encrypt, self, peer, onVerified, onChosen } = this.#options;
    if (message.name === 'linkHello' && this.#theirs === undefined) {
      this.#onHello(message.body);
      return;
    }
    if (message.name === 'linkProof' && this.#theirs !== undefined && !this.#verified) {
      this.#expect(message.body.mac, linkMac(key, 'proof', this.#theirs, this.#mine, encrypt));
      this.#verified = true;
      onVerified();
      return;
    }
    if (message.name === 'linkChosen' && this.#theirs !== undefined && this.#verified && self > peer) {
      this.#expect(message.body.mac, linkMac(key, 'chosen', this.#theirs, this.#mine, encrypt));
      this.#release();
      onChosen();
      return;
    }
    throw new MalformedMessageError(`${message.name} out of turn`);
  }

  #onHello(hello: Body<'linkHello'>): void {
    const { socket, key, pairing, peer, encrypt } = this.#options;
    if (!hello.pairing.equals(pairing) || hello.from !== peer) {
      throw new MalformedMessageError(`rank ${hello.from} has come where rank ${peer} was expected`);
    }
    if (hello.encrypt !== encrypt) {
      const [wants, refuses] = encrypt ? ['this rank', `rank ${peer}`] : [`rank ${peer}`, 'this rank'];
      throw new LinkMismatchError(
        `For the link with rank ${peer}, ${wants} asks for encryption and ${refuses} doesn't; give all ranks the same setting.`,
      );
    }
    this.#theirs = { rank: peer, nonce: hello.nonce };
    socket.write(encode('linkProof', { mac: linkMac(key, 'proof', this.#mine, this.#theirs, encrypt) }));
  }

  #expect(found: Buffer, expected: Buffer): void {
    if (!sameBytes(found, expected)) {
      throw new MalformedMessageError(`what says it is rank ${this.#options.peer} doesn't know the run key`);
    }
  }

  #release(): void {
    const { socket } = this.#options;
    this.#over = true;
    socket.off('data', this.#onData).off('close', this.#onClose).pause();
    const early = this.#reader.rest();
    if (early.length > 0) socket.unshift(early);
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    // Flushes the hello first: a peer that asks for another kind of link has to learn why.
    this.#options.socket.destroySoon();
    this.#options.onFailed(error);
  }
}
