import { createSocket } from 'node:dgram';
import type { TraceContext } from './trace-context.ts';

/** Stands before each document that the daemon is sent. */
const HEADER = '{"format": "json", "version": 1}\n';

/**
 * Hands a segment document to the X-Ray daemon, which Lambda runs beside the function. Resolves when the datagram is on its
 * way, as Lambda may freeze the process after that. A trace that can't be told is no reason for an invocation to fail.
 */
export async function sendToDaemon({ host, port }: TraceContext['daemon'], document: object): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => {
    socket.on('error', () => resolve());
    socket.send(HEADER + JSON.stringify(document), port, host, () => resolve());
  });
  socket.close();
}
