import type { Socket } from 'node:net';

/**
 * Closes a socket once the peer has read all that was written to it. Bytes that this side hasn't read would turn its closing into a
 * reset, which can cost the peer what was sent to it: so they are read, and dropped, until the peer has closed too or its time is over.
 *
 * @returns whether the peer read to the end: its own end comes after that, as its socket ends itself at the end of what it reads
 */
export async function closeLink(socket: Socket, withinMs: number = lingerMs): Promise<boolean> {
  if (socket.destroyed) return socket.readableEnded && socket.writableFinished;
  return await new Promise((resolve) => {
    let isLate = false;
    // Whoever has nothing else to do than to wait for a peer that never reads may end.
    const timer = setTimeout(() => {
      isLate = true;
      socket.destroy();
    }, withinMs).unref();
    socket.once('close', (hadError: boolean) => {
      clearTimeout(timer);
      resolve(!isLate && !hadError && socket.readableEnded);
    });
    socket.resume().end();
  });
}

/** What a closed link waits for the end of a peer that has nothing more to get. */
export const lingerMs = 1_000;
