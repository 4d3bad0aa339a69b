import type { Socket } from 'node:net';
import { MalformedMessageError } from '../wire/fields.ts';
import type { FrameReader } from '../wire/frame-reader.ts';
import { encode, type Body, type Message, type MessageName } from '../wire/messages.ts';

/** How long the other side may take to close after this one. */
const lingerMs = 1_000;

/** Messages over a socket: first awaited one by one, then listened to. */
export class MessageStream {
  readonly socket: Socket;
  readonly #reader: FrameReader;
  #onMessage: ((message: Message) => void) | undefined;
  #onClosed: ((reason: Error) => void) | undefined;
  #closed: Error | undefined;

  constructor(socket: Socket, reader: FrameReader) {
    this.socket = socket;
    this.#reader = reader;
    socket.on('data', this.#onData).on('close', this.#onClose);
  }

  send<Name extends MessageName>(name: Name, body: Body<Name>): void {
    if (!this.socket.destroyed) this.socket.write(encode(name, body));
  }

  /** The next message; rejects when the connection closes, sends nonsense, or the signal aborts. */
  async next(signal: AbortSignal): Promise<Message> {
    signal.throwIfAborted();
    return await new Promise((resolve, reject) => {
      const stop = () => {
        signal.removeEventListener('abort', abort);
        this.#onMessage = undefined;
        this.#onClosed = undefined;
        this.socket.pause();
      };
      const abort = () => {
        stop();
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', abort);
      this.listen(
        (message) => {
          stop();
          resolve(message);
        },
        (reason) => {
          stop();
          reject(reason);
        },
      );
    });
  }

  listen(onMessage: (message: Message) => void, onClosed: (reason: Error) => void): void {
    this.#onMessage = onMessage;
    this.#onClosed = onClosed;
    if (this.#closed !== undefined) onClosed(this.#closed);
    this.#drain();
    if (this.#onMessage === onMessage) this.socket.resume();
  }

  /** Takes the stream off the socket and pauses it; bytes after the last message stay in the frame reader. */
  detach(): void {
    this.#onMessage = undefined;
    this.#onClosed = undefined;
    this.socket.off('data', this.#onData).off('close', this.#onClose).pause();
  }

  /** As `detach`, but bytes after the last message go back to the socket. */
  release(): Socket {
    this.detach();
    const rest = this.#reader.rest();
    if (rest.length > 0) this.socket.unshift(rest);
    return this.socket;
  }

  fail(reason: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.socket.destroy();
    this.#onClosed?.(reason);
  }

  /** Closes after flushing; no more messages, no word to `onClosed`. */
  end(): void {
    this.#closed ??= new Error('closed by this side');
    const { socket } = this;
    socket.resume().end();
    // Closing with the other side's bytes unread, or on their way, would reset the connection and might overtake the last message.
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(timer));
  }

  destroy(): void {
    this.#closed ??= new Error('closed by this side');
    this.socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#reader.push(chunk);
    this.#drain();
  };

  readonly #onClose = (): void => this.fail(new Error('the connection closed'));

  #drain(): void {
    try {
      while (this.#onMessage !== undefined && this.#closed === undefined) {
        const message = this.#reader.next();
        if (message === undefined) return;
        this.#onMessage(message);
      }
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
      this.fail(error);
    }
  }
}
