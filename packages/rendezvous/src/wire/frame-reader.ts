import { MalformedMessageError } from './fields.ts';
import { decode, maxBody, type Message } from './messages.ts';

const headerBytes = 3;

/**
 * Cuts a stream of bytes into messages, however the network fragmented them. Holds at most one unfinished frame, and
 * decodes only when asked, so that bytes after the last wanted message stay untouched for whoever reads the stream next.
 */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
  }

  /**
   * The next whole message, or undefined until more bytes come.
   * @throws MalformedMessageError as soon as a length is too large or a message doesn't parse.
   */
  next(): Message | undefined {
    if (this.#pending.length < headerBytes) return undefined;
    const length = this.#pending.readUInt16BE(0);
    if (length > maxBody) throw new MalformedMessageError(`frame of ${length} bytes; at most ${maxBody} are allowed`);
    const end = headerBytes + length;
    if (this.#pending.length < end) return undefined;
    const message = decode(this.#pending.readUInt8(2), this.#pending.subarray(headerBytes, end));
    this.#pending = this.#pending.subarray(end);
    return message;
  }

  /** Bytes that no message has used; the reader is empty afterwards. */
  rest(): Buffer {
    const rest = this.#pending;
    this.#pending = Buffer.alloc(0);
    return rest;
  }
}
