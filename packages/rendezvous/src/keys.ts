import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { u32 } from './wire/fields.ts';

/** Fewest bytes of a server secret: 128 bits of entropy in any common spelling. */
export const minSecretBytes = 16;

/**
 * Key of one run, 32 bytes: HMAC-SHA-256 of the run id under the server's secret. Whoever knows the secret (the server, and the step
 * that starts a run) can derive it; the ranks are given only the key, so that a leaked one opens no other run.
 */
export function deriveRunKey(secret: string | Uint8Array, runId: string): Buffer {
  return mac(Buffer.from(secret as Uint8Array), 'cosmicai run key v1', [Buffer.from(runId, 'utf8')]);
}

/** Eight bytes that let the server pick among several secrets while one is being replaced by the next. */
export function keyHint(runKey: Uint8Array): Buffer {
  return mac(runKey, 'key hint', []).subarray(0, 8);
}

/** What both sides of a control connection prove, each under its own label; binds the proof to all that was said before. */
export interface ControlTranscript {
  readonly role: string;
  readonly runId: string;
  readonly group: string;
  readonly rank: number;
  readonly worldSize: number;
  readonly clientNonce: Buffer;
  readonly serverNonce: Buffer;
}

/** The server's proof, sent with its nonce. */
export function serverMac(runKey: Uint8Array, transcript: ControlTranscript): Buffer {
  return mac(runKey, 'server', transcriptParts(transcript));
}

/** The client's proof over the server's fresh nonce: of no use on any other connection. */
export function clientMac(runKey: Uint8Array, transcript: ControlTranscript, candidates: Buffer): Buffer {
  return mac(runKey, 'client', [...transcriptParts(transcript), candidates]);
}

/** Proof of a punch or relay connection: the pairing id is the server's nonce here, and each may be used once. */
export function joinMac(runKey: Uint8Array, pairing: Buffer, rank: number, path: string): Buffer {
  return mac(runKey, `join ${path}`, [pairing, u32.write(rank)]);
}

/** Key of one pairing's link, from the run key and the pairing id. */
export function linkKey(runKey: Uint8Array, pairing: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', runKey, pairing, 'cosmicai link', 32));
}

/** One side of the link handshake as both know it. */
export interface LinkSide {
  readonly rank: number;
  readonly nonce: Buffer;
}

/**
 * Proof between peers. The sender's rank comes first, so that a reflected proof never fits.
 * @param label `proof` for knowing the key, `chosen` for the word that this of several connections is the link
 */
export function linkMac(
  key: Uint8Array,
  label: 'proof' | 'chosen',
  sender: LinkSide,
  receiver: LinkSide,
  encrypt: boolean,
): Buffer {
  const parts = [u32.write(sender.rank), sender.nonce, u32.write(receiver.rank), receiver.nonce];
  return mac(key, `link ${label}`, [...parts, Buffer.of(encrypt ? 1 : 0)]);
}

/** Pre-shared key of the link's TLS session, fresh by both nonces. */
export function linkPsk(key: Uint8Array, low: LinkSide, high: LinkSide): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.concat([low.nonce, high.nonce]), 'cosmicai link psk', 32));
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

function transcriptParts(transcript: ControlTranscript): Buffer[] {
  const { role, runId, group, rank, worldSize, clientNonce, serverNonce } = transcript;
  const texts = [role, runId, group].map((value) => Buffer.from(value, 'utf8'));
  return [...texts, u32.write(rank), u32.write(worldSize), clientNonce, serverNonce];
}

/** HMAC-SHA-256 over a label and parts, each behind its length, so that no two lists of parts look alike. */
function mac(key: Uint8Array, label: string, parts: readonly Buffer[]): Buffer {
  const hmac = createHmac('sha256', key);
  for (const part of [Buffer.from(label, 'utf8'), ...parts]) hmac.update(u32.write(part.length)).update(part);
  return hmac.digest();
}
