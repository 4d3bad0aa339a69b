import type { Socket } from 'node:net';
import { MalformedMessageError } from '../wire/fields.ts';
import { magic } from '../wire/messages.ts';
import { sniff } from '../wire/sniff.ts';
import { decodeRequestV2 } from '../wire/v2.ts';
import { observedEndpoint, type ServerContext } from './context.ts';
import type { Endpoint } from '../peer-link.ts';

/** Where a connection goes once its protocol is known. */
export interface Destinations {
  readonly own: (socket: Socket, first: Buffer, client: Endpoint) => void;
  /** Undefined: v1 isn't served. */
  readonly v1: ((socket: Socket, name: Buffer) => void) | undefined;
  readonly v2: ((socket: Socket, request: ReturnType<typeof decodeRequestV2>) => void) | undefined;
}

/** Reads a new connection until it is clear which protocol it speaks, however its bytes are cut, but not for longer than the time-out. */
export function receiveArrival(context: ServerContext, socket: Socket, destinations: Destinations): void {
  const client = observedEndpoint(socket);
  if (client === undefined) {
    socket.destroy();
    return;
  }
  let first: Buffer = Buffer.alloc(0);
  let settle: NodeJS.Timeout | undefined;
  const deadline = setTimeout(() => drop('timeout'), context.timeouts.firstMessage);

  const detach = () => {
    clearTimeout(deadline);
    clearTimeout(settle);
    socket.off('data', read).off('end', gone).off('close', detach);
  };
  const gone = () => socket.destroy();
  const drop = (refusal: 'timeout' | 'malformed' | 'disabled') => {
    detach();
    context.counters.refuse(refusal);
    context.log.debug({ client, refusal, bytes: first.length }, 'dropped a client of unknown protocol');
    socket.destroy();
  };
  const read = (chunk: Buffer) => {
    first = first.length === 0 ? chunk : Buffer.concat([first, chunk]);
    clearTimeout(settle);
    switch (sniff(first, destinations.v1 !== undefined)) {
      case 'more':
        return;
      case 'garbage': {
        drop('malformed');
        return;
      }
      case 'own':
        detach();
        {
          destinations.own(socket, first.subarray(magic.length), client);
          return;
        }
      case 'v1-if-silent':
        settle = setTimeout(() => {
          detach();
          destinations.v1?.(socket, first);
        }, context.timeouts.settleV1);
        return;
      case 'v2': {
        toV2();
        return;
      }
    }
  };
  const toV2 = () => {
    if (destinations.v2 === undefined) {
      drop('disabled');
      return;
    }
    try {
      const request = decodeRequestV2(first);
      detach();
      destinations.v2(socket, request);
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
      drop('malformed');
    }
  };
  socket.on('data', read).on('end', gone).on('close', detach);
}
