import { crc32 } from 'node:zlib';
import { fileSource, GOLDEN_FOLDER } from './golden-files.ts';

/** A golden checkpoint with one place of its pickle changed, to the same length so that nothing else in the zip moves. */
export async function changedCheckpoint(
  name: string,
  place: RegExp,
  replacement: (found: string) => string,
): Promise<Uint8Array> {
  const source = fileSource(GOLDEN_FOLDER, `${name}.pt`);
  const zip = Buffer.from(await source.read(0, source.size));
  const { record, start, size } = pickleEntry(zip);
  const pickle = zip.toString('latin1', start, start + size);
  const found = place.exec(pickle)?.[0];
  if (found === undefined) throw new Error(`${name}.pt has no ${String(place)}`);
  const changed = Buffer.from(
    pickle.replace(place, () => replacement(found)),
    'latin1',
  );
  if (changed.length !== size) throw new Error(`The change of ${name}.pt changes its length`);
  changed.copy(zip, start);
  zip.writeUInt32LE(crc32(changed), record + CENTRAL.crc);
  return zip;
}

/** Offsets in a record of the central directory (APPNOTE.TXT 4.3.12) and in a local header (4.3.7). */
const CENTRAL = { crc: 16, size: 24, nameLength: 28, localOffset: 42, name: 46 };
const LOCAL = { nameLength: 26, extraLength: 28, end: 30 };

function pickleEntry(zip: Buffer): { record: number; start: number; size: number } {
  const next = (from: number): number => zip.indexOf('PK\x01\x02', from, 'latin1');
  for (let record = next(0); record >= 0; record = next(record + 4)) {
    const nameLength = zip.readUInt16LE(record + CENTRAL.nameLength);
    const name = zip.toString('utf8', record + CENTRAL.name, record + CENTRAL.name + nameLength);
    if (name.endsWith('/data.pkl')) {
      const local = zip.readUInt32LE(record + CENTRAL.localOffset);
      const skipped = zip.readUInt16LE(local + LOCAL.nameLength) + zip.readUInt16LE(local + LOCAL.extraLength);
      return { record, start: local + LOCAL.end + skipped, size: zip.readUInt32LE(record + CENTRAL.size) };
    }
  }
  throw new Error('The zip has no data.pkl');
}
