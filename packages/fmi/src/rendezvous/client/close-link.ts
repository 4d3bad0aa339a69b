import type { Socket } from 'node:net';

/**
 * Bytes that this side hasn't read would turn its closing into a reset, which can cost the peer what was sent to it: so they are read,
 * and dropped, until the peer has closed too or its time is over.
 */
export function closeLink(socket: Socket): void {
  if (socket.destroyed) return;
  socket.resume().end();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

/** What a closed link waits for the peer's own end. */
export const lingerMs = 1_000;
