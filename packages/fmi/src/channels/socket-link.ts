import type { Socket } from 'node:net';
import type { Slot } from '../operation.ts';
import type { Message } from '../value.ts';
import { FrameReader, HEADER_BYTES, writeHeader } from './frame.ts';
import type { Link, LinkHandler } from './link-channel.ts';

/** Up to this many bytes, copying the body behind its header into one buffer is cheaper than writing two. */
const LARGEST_COPY = 16 * 1024;

/** Frames over a TCP or TLS socket that is ready to use. */
export class SocketLink implements Link {
  readonly #socket: Socket;
  readonly #close: () => void;

  /**
   * @param from names the peer in error messages
   * @param close flushes and closes the socket
   */
  constructor(socket: Socket, handler: LinkHandler, from: string, largestMessage: number, close: () => void) {
    this.#socket = socket;
    this.#close = close;
    const reader = new FrameReader(handler, from, largestMessage);
    let reason: string | undefined;
    let cause: unknown;
    socket.setNoDelay(true);
    socket.on('error', (error) => {
      reason ??= `its connection broke (${error.message})`;
      cause ??= error;
    });
    socket.on('close', () => handler.onEnd(reason ?? 'its connection ended without a good-bye', cause));
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (error) {
        reason = (error as Error).message;
        cause = error;
        socket.destroy();
      }
    });
    socket.resume();
  }

  write(kind: number, slot: Slot, message: Message, consumed: number, flushed?: () => void): void {
    const socket = this.#socket;
    const { body } = message;
    if (!socket.writable) return;
    if (body.byteLength <= LARGEST_COPY) {
      const frame = Buffer.allocUnsafe(HEADER_BYTES + body.byteLength);
      writeHeader(frame, 0, kind, slot, message, consumed);
      if (body.byteLength > 0) frame.set(body, HEADER_BYTES);
      socket.write(frame);
      flushed?.();
      return;
    }
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    writeHeader(header, 0, kind, slot, message, consumed);
    socket.cork();
    socket.write(header);
    // Without a callback when nobody waits: one closure less per message.
    if (flushed === undefined) socket.write(body);
    else socket.write(body, () => flushed());
    socket.uncork();
  }

  close(): void {
    this.#close();
  }
}
