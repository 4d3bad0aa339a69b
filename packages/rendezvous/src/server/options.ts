import { UserInputError } from '@cosmicai/payload';
import { minSecretBytes } from '../keys.ts';

/** Structured log lines; pino fits. The server never passes it secrets, keys, proofs or pairing names. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What may be held at once. A client above a limit is refused, told so where its protocol can, and counted. */
export interface Limits {
  /** Connections of every kind. */
  readonly connections: number;
  /** Connections from one address. Ranks behind one NAT gateway share an address, so it must hold a whole run. */
  readonly connectionsPerAddress: number;
  /** Connections from one address that haven't proven a key; v1 and v2 clients never do. */
  readonly strangersPerAddress: number;
  /** Runs (and groups of runs) with members. */
  readonly worlds: number;
  /** Ranks of one world. */
  readonly worldSize: number;
  /** v1 and v2 clients waiting for their peer. */
  readonly waiting: number;
  readonly relays: number;
  readonly relaysPerWorld: number;
  /** Bytes that may wait for a member which doesn't read its control connection. */
  readonly unreadBytes: number;
}

export const defaultLimits: Limits = {
  connections: 20_000,
  connectionsPerAddress: 10_000,
  strangersPerAddress: 2_048,
  worlds: 10_000,
  worldSize: 4_096,
  waiting: 8_192,
  relays: 4_096,
  relaysPerWorld: 1_024,
  unreadBytes: 1_048_576,
};

/** Milliseconds. */
export interface Timeouts {
  /** From accepting a connection to its whole first message: what a slow-loris client gets. */
  readonly firstMessage: number;
  /** From the challenge to the client's proof. */
  readonly proof: number;
  /** Silence after which a member is pinged. */
  readonly heartbeat: number;
  /**
   * Silence after which a member counts as lost. As long as a function may run: a rank that computes doesn't answer, one that is killed
   * ends its connection, and one whose machine vanished shows at the deadlines of those who need it.
   */
  readonly silent: number;
  /** A v1 or v2 client's wait for its peer. */
  readonly waiting: number;
  /** Wait of one side of a punch or relay for the other. */
  readonly join: number;
  /** Silence that ends a v1 name, which has no length: the least that keeps a fragmented v2 request from being taken for one. */
  readonly settleV1: number;
  /** How long an opened world without members is kept. */
  readonly emptyWorld: number;
  /** How long a run that was opened counts as open while not all of its ranks have come. */
  readonly openRun: number;
  /** What `close` gives relays and pairings in progress. */
  readonly drain: number;
}

export const defaultTimeouts: Timeouts = {
  firstMessage: 5_000,
  proof: 5_000,
  heartbeat: 10_000,
  silent: 900_000,
  waiting: 60_000,
  join: 30_000,
  settleV1: 30,
  emptyWorld: 600_000,
  // Four attempts of a quarter of an hour, as ranks meet when they have predicted, and what throttles them before.
  openRun: 4_500_000,
  drain: 25_000,
};

export interface RendezvousServerOptions {
  /**
   * Secrets of at least 16 bytes that run keys are derived from: the first one is current, the others are still accepted while
   * they are being replaced.
   */
  readonly secrets: readonly string[];
  /** Address to listen on. Default: all, IPv6 and IPv4. */
  readonly host?: string;
  /** Default: 10000; 0 takes a free one. */
  readonly port?: number;
  /** Port of /healthz and /metrics. Default: 10001; 0 takes a free one. */
  readonly healthPort?: number;
  /** Serve TCPunch v1 clients, which can't authenticate. Default: false. */
  readonly allowV1?: boolean;
  /** Serve TCPunch v2 clients, which can't authenticate either, but whose places can't be confused. Default: true. */
  readonly allowV2?: boolean;
  readonly limits?: Partial<Limits>;
  readonly timeouts?: Partial<Timeouts>;
  readonly logger?: Logger;
  /** Text of /metrics; without it /metrics answers 404. */
  readonly metrics?: () => Promise<{ readonly contentType: string; readonly body: string }>;
}

/** @throws UserInputError when there is no secret, or one too short to be one. */
export function checkSecrets(secrets: readonly string[]): void {
  if (secrets.length === 0) {
    throw new UserInputError(
      'The rendezvous server needs a secret that run keys are derived from: 32 random bytes in hexadecimal, for example.',
    );
  }
  for (const [index, secret] of secrets.entries()) {
    if (Buffer.byteLength(secret) < minSecretBytes) {
      throw new UserInputError(
        `Rendezvous secret ${index + 1} has ${Buffer.byteLength(secret)} bytes; at least ${minSecretBytes} are needed.`,
      );
    }
  }
}

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
};
