/**
 * How one segment of a key (the text between two slashes) is named on disk. Ordinary segments are their own name, so
 * that people can put files there by hand and read what lies there. What a file system can't hold is escaped:
 *
 *   `%=` + text   a segment that would be special (`..`, `.`, empty, our own markers), is long, or holds a NUL
 *   `%!` + text   an object whose own name is taken by a folder, as for the keys `a` and `a/b` together
 *   `%+` + text   folder with the first part of a long segment; what it holds continues the segment
 *
 * In escaped text `%25` is a percent sign and `%00` a NUL; nothing else is changed.
 */
const ESCAPED = '%=';
const BESIDE_FOLDER = '%!';
const CONTINUED = '%+';
const MARKERS = [ESCAPED, BESIDE_FOLDER, CONTINUED];
const MARKER_LENGTH = 2;

/** Holds writes that are not finished; never listed. */
export const WORK_FOLDER = '.cosmicai-store';

/** Longest name of a file or folder in bytes, on every file system in common use. */
const LONGEST_NAME = 255;
/** Part of a long segment, so that marker and part stay below the limit of encrypting file systems (143) too. */
const LONGEST_PART = 140;

/** Path parts of a segment below its parent folder; more than one only for long segments. */
export function segmentPath(segment: string): string[] {
  return standsForItself(segment) ? [segment] : markedPath(segment, ESCAPED);
}

/** Path parts of the last segment of an object where a folder stands at `segmentPath`. */
export function besideFolderPath(segment: string): string[] {
  return markedPath(segment, BESIDE_FOLDER);
}

/** The segment stored under these path parts; undefined when no key leads there. */
export function segmentOf(parts: readonly string[]): string | undefined {
  const [first = ''] = parts;
  if (parts.length === 1 && standsForItself(first)) return first;
  const text = parts
    .map((part) => part.slice(MARKER_LENGTH))
    .join('')
    .replaceAll('%00', '\0')
    .replaceAll('%25', '%');
  const written = parts.join('/');
  const known = written === segmentPath(text).join('/') || written === besideFolderPath(text).join('/');
  return known ? text : undefined;
}

/** True for the folder of a long segment, which goes on inside. */
export function isContinued(name: string): boolean {
  return name.startsWith(CONTINUED);
}

/** Whether a file or folder of this name holds the key of the same name; others stand for other keys, or for none. */
export function standsForItself(segment: string): boolean {
  return (
    segment !== '' &&
    segment !== '.' &&
    segment !== '..' &&
    segment !== WORK_FOLDER &&
    !MARKERS.includes(segment.slice(0, MARKER_LENGTH)) &&
    !segment.includes('\0') &&
    Buffer.byteLength(segment) <= LONGEST_NAME
  );
}

function markedPath(segment: string, marker: string): string[] {
  const parts = splitByBytes(segment.replaceAll('%', '%25').replaceAll('\0', '%00'));
  return parts.map((part, i) => (i === parts.length - 1 ? marker : CONTINUED) + part);
}

/** Cuts text into parts of at most LONGEST_PART bytes, never inside a character or an escape. */
function splitByBytes(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  let bytes = 0;
  for (const unit of text.match(/%25|%00|[^]/gu) ?? []) {
    const size = Buffer.byteLength(unit);
    if (bytes + size > LONGEST_PART) {
      parts.push(part);
      part = '';
      bytes = 0;
    }
    part += unit;
    bytes += size;
  }
  return [...parts, part];
}
