import { joinMac } from '../keys.ts';
import type { Endpoint } from '../peer-link.ts';
import { FrameReader } from '../wire/frame-reader.ts';
import { encode, magic, type Path } from '../wire/messages.ts';
import { dial } from './dial.ts';
import { MessageStream } from './message-stream.ts';

export interface JoinOptions {
  readonly server: Endpoint;
  readonly runKey: Uint8Array;
  readonly pairing: Buffer;
  readonly self: number;
  readonly path: Path;
  readonly signal: AbortSignal;
}

/** A new connection to the server that names a pairing and proves the run key for it; the server answers when the peer's is there too. */
export async function joinPairing({
  server,
  runKey,
  pairing,
  self,
  path,
  signal,
}: JoinOptions): Promise<MessageStream> {
  const socket = await dial({ to: server, signal, from: { address: wildcard(server.host), port: 0 } });
  const mac = joinMac(runKey, pairing, self, path);
  socket.write(Buffer.concat([magic, encode('join', { pairing, rank: self, path, mac })]));
  return new MessageStream(socket, new FrameReader());
}

/** The address that stands for all local ones, in the family of `host`. */
export function wildcard(host: string): string {
  return host.includes(':') ? '::' : '0.0.0.0';
}
