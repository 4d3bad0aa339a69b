import { magic } from './messages.ts';
import { maxNameV1 } from './v1.ts';
import { nameBytesV2, requestBytesV2 } from './v2.ts';

/**
 * What the first bytes of a connection are.
 * `more`: can't be told yet. `v1-if-silent`: a v1 name if nothing follows, or the start of a v2 name that the network cut.
 */
export type Sniffed = 'own' | 'v1-if-silent' | 'v2' | 'more' | 'garbage';

/** Tells the three protocols apart: v1 has no framing, v2 a fixed size and a NUL in its name field, ours a magic number. */
export function sniff(first: Buffer, allowV1: boolean): Sniffed {
  if (first.length === 0) return 'more';
  if (first[0] === magic[0]) {
    const known = Math.min(first.length, magic.length);
    if (first.compare(magic, 0, known, 0, known) !== 0) return 'garbage';
    return first.length >= magic.length ? 'own' : 'more';
  }
  const terminator = first.subarray(0, nameBytesV2).indexOf(0);
  if (terminator === 0 || first.length > requestBytesV2) return 'garbage';
  if (terminator > 0) return first.length === requestBytesV2 ? 'v2' : 'more';
  if (first.length > maxNameV1) return 'garbage';
  return allowV1 ? 'v1-if-silent' : 'more';
}
