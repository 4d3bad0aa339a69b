import { copyFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dataOf, directoryEntry, withSums } from '../torch-files.ts';
import { COUNT, golden, given, changed, flipped, refused, kind, type BadFolder } from './making.ts';

export const DAMAGE: readonly BadFolder[] = [
  kind(
    'cut in the middle',
    refused(/truncated|damaged zip/),
    changed((bytes) => bytes.subarray(0, bytes.length / 2)),
  ),
  kind(
    'cut in its directory',
    refused(/damaged zip/),
    changed((bytes) => bytes.subarray(0, -30)),
  ),
  kind(
    'cut by one byte',
    refused(/damaged zip/),
    changed((bytes) => bytes.subarray(0, -1)),
  ),
  kind(
    'cut after its first bytes',
    refused(/damaged zip/),
    changed((bytes) => bytes.subarray(0, 20)),
  ),
  kind('empty', refused(/the file is empty/), given('')),
  kind('all zeros', refused(/begins with zeros/), async (folder) => {
    await writeFile(join(folder, '1.pt'), '');
    await truncate(join(folder, '1.pt'), 200_000);
  }),
  kind(
    'a flipped bit in the images',
    refused(/zip entry archive\/data\/0 don't fit/),
    flipped('archive/data/0', 70_001),
  ),
  kind(
    'a flipped bit in the magnitudes',
    refused(/zip entry archive\/data\/1 don't fit/),
    flipped('archive/data/1', 9),
  ),
  kind('a flipped bit in the redshifts', refused(/zip entry archive\/data\/2 don't fit/), flipped('archive/data/2')),
  kind(
    'a flipped bit in the pickle',
    refused(/zip entry archive\/data\.pkl don't fit/),
    flipped('archive/data.pkl', 60),
  ),
  kind(
    'sums wrong throughout',
    refused(/set_crc32_options\(False\).*--no-crc/),
    changed((bytes) => withSums(bytes, (sum) => sum ^ 9)),
  ),
  kind(
    'no sums',
    { samples: COUNT, inferSays: /written without CRC-32 sums/ },
    changed((bytes) => withSums(bytes, () => 0)),
  ),
  kind(
    'a byte order unheard of',
    refused(/byte order "xittle"/),
    changed((bytes) => {
      bytes.write('x', dataOf(bytes, 'archive/byteorder'));
      return withSums(bytes, () => 0);
    }),
  ),
  kind(
    'an entry twice',
    refused(/data\/1 occurs twice/),
    changed((bytes) => {
      bytes.write('1', directoryEntry(bytes, 'archive/data/2') + 46 + 'archive/data/'.length);
      return bytes;
    }),
  ),
  kind(
    'entries over each other',
    refused(/runs into the next entry|overlap/),
    changed((bytes) => {
      const [one, two] = [directoryEntry(bytes, 'archive/data/1'), directoryEntry(bytes, 'archive/data/2')];
      bytes.copy(bytes, two + 42, one + 42, one + 46);
      return bytes;
    }),
  ),
  kind(
    'encrypted',
    refused(/is encrypted/),
    changed((bytes) => {
      const at = directoryEntry(bytes, 'archive/data/0') + 8;
      bytes.writeUInt16LE(bytes.readUInt16LE(at) | 1, at);
      // With the 12 bytes that encryption puts before the data.
      bytes.writeUInt32LE(bytes.readUInt32LE(at + 12) + 12, at + 12);
      return bytes;
    }),
  ),
  kind(
    'a size of 4 GB claimed',
    refused(/runs into the next entry|over the end|damaged zip/),
    changed((bytes) => {
      const at = directoryEntry(bytes, 'archive/data/0');
      bytes.writeUInt32LE(0xfffffff0, at + 20);
      bytes.writeUInt32LE(0xfffffff0, at + 24);
      return bytes;
    }),
  ),
  kind(
    '65,000 entries claimed',
    refused(/the zip claims 65000 entries/),
    changed((bytes) => {
      bytes.writeUInt16LE(65_000, bytes.length - 22 + 8);
      bytes.writeUInt16LE(65_000, bytes.length - 22 + 10);
      return bytes;
    }),
  ),
  kind('compressed', refused(/are compressed in the zip/), (folder) =>
    copyFile(golden('partition-deflated.pt'), join(folder, '1.pt')),
  ),
];
