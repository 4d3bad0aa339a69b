import type { Socket } from 'node:net';
import { clientMac, keyHint, sameBytes, serverMac } from '../keys.ts';
import { RendezvousRefusedError, RendezvousUnavailableError } from '../errors.ts';
import type { Endpoint } from '../peer-link.ts';
import { endpoint, list, MalformedMessageError } from '../wire/fields.ts';
import { FrameReader } from '../wire/frame-reader.ts';
import {
  encode,
  magic,
  maxCandidates,
  nonceBytes,
  protocolVersion,
  type Body,
  type Message,
  type MessageName,
} from '../wire/messages.ts';
import { dial, errorCode } from './dial.ts';
import { MessageStream } from './message-stream.ts';

export interface ControlOptions {
  readonly rendezvous: Endpoint;
  readonly role: 'member' | 'observer';
  readonly runId: string;
  readonly group: string;
  readonly runKey: Uint8Array;
  readonly rank: number;
  readonly worldSize: number;
  readonly signal: AbortSignal;
  readonly randomBytes: (length: number) => Buffer;
  /** Own addresses to offer, once it is known how this machine reaches the server. */
  readonly candidates: (control: Socket) => readonly Endpoint[];
}

const candidateList = list(endpoint, maxCandidates);

/** An authenticated connection to the rendezvous server: both sides have proven the run key. */
export class ControlConnection {
  readonly welcome: Body<'welcome'>;
  /** The server's own address, so that punch and relay connections reach the same machine behind a name with several. */
  readonly server: Endpoint;
  /** What this side has offered as its own addresses. */
  readonly candidates: readonly Endpoint[];
  readonly #stream: MessageStream;

  constructor(
    stream: MessageStream,
    welcome: Body<'welcome'>,
    { server, candidates }: { readonly server: Endpoint; readonly candidates: readonly Endpoint[] },
  ) {
    this.#stream = stream;
    this.welcome = welcome;
    this.server = server;
    this.candidates = candidates;
  }

  send<Name extends MessageName>(name: Name, body: Body<Name>): void {
    this.#stream.send(name, body);
  }

  /** Hands over every further message; answers pings itself. `onClosed` gets the reason, once. */
  listen(onMessage: (message: Message) => void, onClosed: (reason: Error) => void): void {
    this.#stream.listen((message) => {
      if (message.name === 'ping') this.send('pong', {});
      else if (message.name === 'refused') this.#stream.fail(refusedBy(this.server, message.body));
      else onMessage(message);
    }, onClosed);
  }

  leave(): void {
    this.send('leave', {});
    this.#stream.end();
  }

  destroy(): void {
    this.#stream.destroy();
  }
}

/**
 * Connects and proves the run key.
 * @throws RendezvousUnavailableError when nothing of ours answers; RendezvousRefusedError when the server says no; the signal's reason
 */
export async function openControl(options: ControlOptions): Promise<ControlConnection> {
  const { rendezvous, role, runId, group, runKey, rank, worldSize, signal } = options;
  const where = `${rendezvous.host}:${rendezvous.port}`;
  const socket = await dial({ to: rendezvous, signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new RendezvousUnavailableError(
      `No rendezvous server answers at ${where} (${errorCode(error) || String(error)}). Is it running, and is its port open?`,
      { cause: error },
    );
  });
  const stream = new MessageStream(socket, new FrameReader());
  const nonce = options.randomBytes(nonceBytes);
  const hello = { version: protocolVersion, role, runId, group, rank, worldSize, keyHint: keyHint(runKey), nonce };
  try {
    socket.write(Buffer.concat([magic, encode('hello', hello)]));
    const challenge = await expectMessage(stream, 'challenge', rendezvous, signal);
    const transcript = { ...hello, clientNonce: nonce, serverNonce: challenge.nonce };
    if (!sameBytes(challenge.mac, serverMac(runKey, transcript))) {
      throw new RendezvousUnavailableError(
        `The server at ${where} doesn't know this run's key; it isn't the one to trust.`,
        { mayComeRight: false },
      );
    }
    const candidates = options.candidates(socket);
    stream.send('proof', { mac: clientMac(runKey, transcript, candidateList.write(candidates)), candidates });
    const welcome = await expectMessage(stream, 'welcome', rendezvous, signal);
    const server = { host: socket.remoteAddress ?? rendezvous.host, port: rendezvous.port };
    return new ControlConnection(stream, welcome, { server, candidates });
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** The next message, which has to be `name`; a refusal and everything else are turned into the errors that people read. */
export async function expectMessage<Name extends MessageName>(
  stream: MessageStream,
  name: Name,
  server: Endpoint,
  signal: AbortSignal,
): Promise<Body<Name>> {
  const where = `${server.host}:${server.port}`;
  const message = await stream.next(signal).catch((error: unknown) => {
    signal.throwIfAborted();
    const isStranger = error instanceof MalformedMessageError;
    const text = isStranger
      ? `What answers at ${where} isn't a CosmicAI rendezvous server (${error.message}).`
      : `The rendezvous server at ${where} closed the connection; it may be shutting down or full.`;
    throw new RendezvousUnavailableError(text, { cause: error, mayComeRight: !isStranger });
  });
  if (message.name === 'refused') throw refusedBy(server, message.body);
  if (message.name !== name) {
    throw new RendezvousUnavailableError(`The rendezvous server at ${where} sent ${message.name}, not ${name}.`, {
      mayComeRight: false,
    });
  }
  return message.body as Body<Name>;
}

function refusedBy({ host, port }: Endpoint, { refusal, reason }: Body<'refused'>): RendezvousRefusedError {
  return new RendezvousRefusedError(refusal, `The rendezvous server at ${host}:${port} refused: ${reason}.`);
}
