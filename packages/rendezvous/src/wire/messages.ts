import { refusals } from '../errors.ts';
import {
  bool,
  BodyReader,
  bytes,
  choice,
  endpoint,
  list,
  MalformedMessageError,
  struct,
  text,
  u16,
  u32,
  u8,
  type Field,
  type ValueOf,
} from './fields.ts';

/** First bytes of a client of our protocol, before its first frame. 0xFF never occurs in UTF-8, so no v1 or v2 name starts so. */
export const magic: Buffer = Buffer.from([0xff, 0x46, 0x4d, 0x49]);
export const protocolVersion = 1;

/** Longest body of a frame, in bytes: a `seek` of 256 peers takes 5,122. */
export const maxBody = 8_192;
/** Most peers in one `seek`. */
export const maxSeek = 256;
/** Most addresses of its own that a member may offer. */
export const maxCandidates = 8;

export const idBytes = 16;
export const nonceBytes = 16;
export const macBytes = 32;
/** `failed` of a peer that is sought for the first time. */
export const noPairing: Buffer = Buffer.alloc(idBytes);

/** How two members may be brought together by a connection of their own to the server. */
const path = choice({ punch: 1, relay: 2 });
export type Path = ValueOf<typeof path>;

/**
 * Every message of the protocol: its code and its fields. 1-63 go from client to server, 64-127 from server to client, 128 and up
 * between peers on a link that is being set up.
 */
const definitions = {
  hello: [
    1,
    struct({
      version: u8,
      /** An observer authenticates and learns, but isn't a rank of the run. */
      role: choice({ member: 0, observer: 1 }),
      runId: text(128),
      group: text(64),
      rank: u32,
      worldSize: u32,
      /** Tells the server which of its secrets the run key comes from, without telling anything about the key. */
      keyHint: bytes(8),
      nonce: bytes(nonceBytes),
    }),
  ],
  proof: [2, struct({ mac: bytes(macBytes), candidates: list(endpoint, maxCandidates) })],
  seek: [3, struct({ peers: list(struct({ rank: u32, failed: bytes(idBytes) }), maxSeek) })],
  leave: [4, struct({})],
  pong: [5, struct({})],
  join: [6, struct({ pairing: bytes(idBytes), rank: u32, path, mac: bytes(macBytes) })],

  challenge: [64, struct({ nonce: bytes(nonceBytes), mac: bytes(macBytes) })],
  welcome: [65, struct({ observed: endpoint, heartbeatMs: u32, members: u32 })],
  introduce: [
    66,
    struct({
      peer: u32,
      pairing: bytes(idBytes),
      observed: endpoint,
      candidates: list(endpoint, maxCandidates),
    }),
  ],
  /** The peer of this pairing has taken a path; take it too. */
  nudge: [67, struct({ pairing: bytes(idBytes), path })],
  gone: [68, struct({ peer: u32, how: choice({ left: 0, lost: 1 }) })],
  back: [69, struct({ peer: u32 })],
  ping: [70, struct({})],
  refused: [71, struct({ refusal: choice(refusals), reason: text(512) })],
  /** Both sides of a `punch` are here: connect to `peer` from the local port of this connection, now. */
  meet: [72, struct({ observed: endpoint, peer: endpoint })],
  /** Both sides of a `relay` are here: all bytes after this frame are the peer's. */
  open: [73, struct({})],

  linkHello: [128, struct({ pairing: bytes(idBytes), from: u32, nonce: bytes(nonceBytes), encrypt: bool })],
  linkProof: [129, struct({ mac: bytes(macBytes) })],
  linkChosen: [130, struct({ mac: bytes(macBytes) })],
} as const satisfies Record<string, readonly [number, Field<unknown>]>;

export type MessageName = keyof typeof definitions;
export type Body<Name extends MessageName> = ValueOf<(typeof definitions)[Name][1]>;
export type Message = { [Name in MessageName]: { readonly name: Name; readonly body: Body<Name> } }[MessageName];

const byCode = new Map<number, { name: MessageName; field: Field<unknown> }>(
  Object.entries(definitions).map(([name, [code, field]]) => [code, { name: name as MessageName, field: field }]),
);

/** One frame: body length [2], message code [1], body. */
export function encode<Name extends MessageName>(name: Name, body: Body<Name>): Buffer {
  const [code, field] = definitions[name] as readonly [number, Field<Body<Name>>];
  const payload = field.write(body);
  if (payload.length > maxBody) throw new RangeError(`${name} of ${payload.length} bytes; at most ${maxBody} fit`);
  return Buffer.concat([u16.write(payload.length), u8.write(code), payload]);
}

/** @throws MalformedMessageError when the code is unknown or the body isn't exactly its fields. */
export function decode(code: number, body: Buffer): Message {
  const known = byCode.get(code);
  if (known === undefined) throw new MalformedMessageError(`unknown message code ${code}`);
  const reader = new BodyReader(body);
  const value = known.field.read(reader);
  reader.end();
  return { name: known.name, body: value } as Message;
}
