import type { Socket } from 'node:net';

/** Bytes that may lie unread before the socket is paused, so that a fast peer can't fill this process's memory. */
const LARGEST_BACKLOG = 8 * 1024 * 1024;

interface Reader {
  readonly target: Uint8Array;
  filled: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Unframed bytes: reads say how many they expect, one after the other. */
export class ByteStream {
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  #backlog = 0;
  #reader: Reader | undefined;
  #failure: Error | undefined;

  /** @param lost makes the error for everything that happens after the connection's end */
  constructor(socket: Socket, lost: (reason: string) => Error) {
    this.#socket = socket;
    let reason = 'its connection ended';
    socket.on('error', (error) => {
      reason = `its connection broke (${error.message})`;
    });
    socket.on('close', () => this.fail(lost(reason)));
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.resume();
  }

  /** Resolves when the kernel has taken all bytes, as a blocking `send` returns. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (bytes.byteLength === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (...[error]: (Error | null | undefined)[]) => {
        if (error) reject(this.#failure ?? error);
        else resolve();
      });
    });
  }

  /** Exactly `length` bytes. */
  async read(length: number): Promise<Buffer> {
    const target = Buffer.allocUnsafeSlow(length);
    if (length === 0) return target;
    await new Promise<void>((resolve, reject) => {
      this.#reader = { target, filled: 0, resolve, reject };
      // What came before the end stays readable.
      if (!this.#serve() && this.#failure !== undefined) reject(this.#failure);
    });
    return target;
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#reader?.reject(error);
    this.#reader = undefined;
    this.#socket.destroy();
  }

  /** Flushes, then closes. */
  end(): void {
    this.#failure ??= new Error('closed by this side');
    this.#socket.end();
  }

  #onData(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#backlog += chunk.length;
    this.#serve();
    if (this.#backlog > LARGEST_BACKLOG) this.#socket.pause();
  }

  /** Gives the waiting reader what is there; true when it has all it wants. */
  #serve(): boolean {
    const reader = this.#reader;
    if (reader === undefined) return false;
    while (reader.filled < reader.target.length) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) break;
      const part = chunk.subarray(0, reader.target.length - reader.filled);
      reader.target.set(part, reader.filled);
      reader.filled += part.length;
      this.#backlog -= part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    if (this.#backlog <= LARGEST_BACKLOG && this.#socket.isPaused()) this.#socket.resume();
    if (reader.filled < reader.target.length) return false;
    this.#reader = undefined;
    reader.resolve();
    return true;
  }
}
