import type { Socket } from 'node:net';

/** A host and a TCP port; the host is a name or an IPv4 or IPv6 address without brackets. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** How a member left its run: by its own word, or because its connection ended or fell silent. */
export type Departure = 'left' | 'lost';

/** An authenticated stream of bytes between two ranks. */
export interface PeerLink {
  /** `direct`: from peer to peer; `relay`: through the rendezvous server. */
  readonly kind: 'direct' | 'relay';
  /** Rank at the other end. */
  readonly peer: number;
  /**
   * Ordered bytes in both directions, over TCP with TCP_NODELAY or, on one machine, a UNIX socket; a `TLSSocket` when `encrypted`. Handed
   * over paused: attach listeners, then call `resume()` (or pipe, or iterate). Its `close` event says that the link is gone.
   */
  readonly socket: Socket;
  readonly encrypted: boolean;
  /** Milliseconds from the server's introduction of the peer to the finished link. */
  readonly setupMs: number;
  /**
   * Closes once the peer has read all that was written, or after `withinMs` (default: 1,000).
   * @returns whether the peer has read it all
   */
  close(withinMs?: number): Promise<boolean>;
}

export interface ConnectOptions {
  /** Aborts the attempt; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds since the epoch after which the attempt rejects with `PeerUnreachableError`. Default: no limit. */
  readonly deadline?: number;
}

/** Connects one rank with the others of its run, over one control connection to the rendezvous server. */
export interface PeerConnector {
  readonly rank: number;
  readonly worldSize: number;
  /**
   * The link to `peer`; both sides have to ask for it, in any order and at any time, and both get the ends of the same link.
   * Asking again gives the same link while it stands. A peer that comes late is waited for until `deadline`.
   * @throws PeerGoneError when the peer was here and left or died; PeerUnreachableError when no path was found in time;
   *   RendezvousRefusedError or RendezvousUnavailableError when the server turned this rank away or can't be reached.
   */
  connect(peer: number, options?: ConnectOptions): Promise<PeerLink>;
  /**
   * Calls `listener` once for each peer that is gone, linked with or not; returns the function that stops it. `left` may come while
   * bytes of the peer are still on the way in the link's socket: read the socket to its end. `lost` comes after the end of the link:
   * while that stands, the peer lives, whatever the server says. A peer known to be gone already is reported to a new listener at once
   * (in a microtask).
   */
  onPeerLost(listener: (peer: number, how: Departure) => void): () => void;
  /** Says good-bye to the server (others see `left`), closes all links after flushing them. Safe to call twice. */
  close(): Promise<void>;
}

export interface ConnectorOptions {
  readonly rendezvous: Endpoint;
  /** Names the run; part of what the run key is derived from. 1 to 128 bytes of UTF-8. */
  readonly runId: string;
  /** 32 bytes, `deriveRunKey(secret, runId)`; the server derives the same from its secret. */
  readonly runKey: Uint8Array;
  /** This process: 0 to worldSize - 1. A second process with the same rank takes the place of the first one (a retry). */
  readonly rank: number;
  readonly worldSize: number;
  /** Tells apart several worlds of one run, such as communicators with names of their own. Default: ''. At most 64 bytes. */
  readonly group?: string;
  /** May links go through the server's relay when no direct path is found? Default: true. */
  readonly allowRelay?: boolean;
  /** May links be direct? `false` sends everything through the relay. Default: true. */
  readonly allowDirect?: boolean;
  /** TLS with a pre-shared key on every link. Both sides must agree, or connecting fails with a message that says so. Default: false. */
  readonly encrypt?: boolean;
  /** Ends the connector, as `close` does but without good-bye: others see `lost`. */
  readonly signal?: AbortSignal;
  /** Milliseconds since the epoch by which the server must have accepted this rank. Default: 10 s from now. */
  readonly deadline?: number;
  /** Offer this machine's own addresses to peers beside the public one. Default: true. */
  readonly localCandidates?: boolean;
  /** Meet peers on this machine over UNIX sockets instead of loopback TCP, where the system has abstract ones. Default: true. */
  readonly unixSockets?: boolean;
  /** Milliseconds that hole punching may take before the relay is used; a quarter of them once it has failed. Default: 1,500. */
  readonly punchMs?: number;
}
