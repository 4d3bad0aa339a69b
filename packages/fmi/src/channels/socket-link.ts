import type { Socket } from 'node:net';
import type { Slot } from '../operation.ts';
import { readChunks } from '@cosmicai/rendezvous';
import { EMPTY, type Message } from '../value.ts';
import { checksum, frameKinds, FrameReader, HEADER_BYTES, TRAILER_BYTES, writeFrame, writeHeader } from './frame.ts';
import type { Link, LinkHandler } from './link.ts';

/** Up to this many bytes, copying the body behind its header into one buffer is cheaper than writing two. */
const LARGEST_COPY = 16 * 1024;

/** Frames over a TCP or TLS socket that is ready to use. */
export class SocketLink implements Link {
  readonly #socket: Socket;
  readonly #close: Link['close'];
  /** The peer has answered the good-bye. */
  #taken = false;

  /**
   * @param from names the peer in error messages
   * @param close as the link's own
   */
  constructor(socket: Socket, handler: LinkHandler, from: string, largestMessage: number, close: Link['close']) {
    this.#socket = socket;
    this.#close = close;
    const onFrame: LinkHandler['onFrame'] = (kind, slot, ...rest) => {
      if (kind === frameKinds.taken) {
        this.#taken = true;
        return;
      }
      handler.onFrame(kind, slot, ...rest);
      if (kind === frameKinds.goodbye) this.write(frameKinds.taken, slot, EMPTY, 0);
    };
    const reader = new FrameReader({ ...handler, onFrame }, from, largestMessage);
    let wasSilent = true;
    let reason: string | undefined;
    let cause: unknown;
    socket.setNoDelay(true);
    socket.on('error', (error) => {
      reason ??= `its connection broke (${error.message})`;
      cause ??= error;
    });
    socket.on('close', () => handler.onEnd(reason ?? 'its connection ended without a good-bye', cause, wasSilent));
    readChunks(socket, (chunk) => {
      wasSilent = false;
      if (reason !== undefined) return;
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
      socket.write(writeFrame(kind, slot, message, consumed));
      flushed?.();
      return;
    }
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    writeHeader(header, kind, slot, message, consumed);
    const isSummed = message.checksum !== undefined;
    socket.cork();
    socket.write(header);
    // Without a callback when nobody waits: one closure less per message.
    if (flushed === undefined) socket.write(body);
    else socket.write(body, () => flushed());
    // One system call less, and the peer wakes up once less.
    if (isSummed) socket.write(trailerOf(message));
    socket.uncork();
    // Else only now: the kernel is sending already while the checksum is computed.
    if (!isSummed) socket.write(trailerOf(message));
  }

  /** The peer's own word counts: its end may come from a relay, or be older than what was written, when its process has died. */
  async close(withinMs: number): Promise<boolean> {
    await this.#close(withinMs);
    return this.#taken;
  }
}

function trailerOf(message: Message): Buffer {
  const trailer = Buffer.allocUnsafe(TRAILER_BYTES);
  trailer.writeUInt32LE(checksum(message));
  return trailer;
}
