/** What the headers of one stored entry need to know. Sizes are known beforehand, the CRC-32 only after the data. */
export interface StoredEntry {
  readonly name: string;
  readonly size: number;
  readonly headerOffset: number;
}

/** Storages begin at multiples of this, so that they can be mapped into memory and read with vector instructions. */
export const ALIGNMENT = 64;

/** UTF-8 names (0x800), CRC-32 and sizes after the data (0x8): the flags torch.save sets. */
const FLAGS = 0x808;
const ZIP64_FLOOR = 0xffffffff;
const MOST_ENTRIES = 0xffff;
const VERSION = 20;
const VERSION_ZIP64 = 45;
/** 1 January 1980, the first day a zip knows: the same content gives the same bytes. */
const DATE = (1 << 5) | 1;
const ZIP64_EXTRA = 0x0001;
/** Extra field "FB", in which torch.save too hides its padding. */
const PADDING_EXTRA = 0x4246;
const EXTRA_HEADER_BYTES = 4;
const LOCAL_BYTES = 30;

function isLarge(entry: StoredEntry): boolean {
  return entry.size >= ZIP64_FLOOR;
}

/** Local file header, padded so that the data begin at a multiple of 64. */
export function localHeader(entry: StoredEntry): Buffer {
  const name = Buffer.from(entry.name);
  // Sizes of 0 as the flags ask for; the field tells readers that the sizes after the data take 8 bytes each.
  const zip64 = isLarge(entry) ? extraField(ZIP64_EXTRA, Buffer.alloc(16)) : Buffer.alloc(0);
  const unpadded = entry.headerOffset + LOCAL_BYTES + name.byteLength + zip64.byteLength + EXTRA_HEADER_BYTES;
  const padding = extraField(PADDING_EXTRA, Buffer.alloc((ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT, 'Z'));
  const header = Buffer.alloc(LOCAL_BYTES);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(isLarge(entry) ? VERSION_ZIP64 : VERSION, 4);
  header.writeUInt16LE(FLAGS, 6);
  header.writeUInt16LE(DATE, 12);
  if (isLarge(entry)) {
    header.writeUInt32LE(ZIP64_FLOOR, 18);
    header.writeUInt32LE(ZIP64_FLOOR, 22);
  }
  header.writeUInt16LE(name.byteLength, 26);
  header.writeUInt16LE(zip64.byteLength + padding.byteLength, 28);
  return Buffer.concat([header, name, zip64, padding]);
}

/** CRC-32 and sizes, right after the data. */
export function dataDescriptor(entry: StoredEntry, crc32: number): Buffer {
  const descriptor = Buffer.alloc(isLarge(entry) ? 24 : 16);
  descriptor.writeUInt32LE(0x08074b50, 0);
  descriptor.writeUInt32LE(crc32, 4);
  if (isLarge(entry)) {
    descriptor.writeBigUInt64LE(BigInt(entry.size), 8);
    descriptor.writeBigUInt64LE(BigInt(entry.size), 16);
  } else {
    descriptor.writeUInt32LE(entry.size, 8);
    descriptor.writeUInt32LE(entry.size, 12);
  }
  return descriptor;
}

/** Central directory and its end record, with the 64-bit records where a size, an offset or a count needs them. */
export function centralDirectory(
  entries: readonly (StoredEntry & { readonly crc32: number })[],
  start: number,
): Buffer {
  const records = Buffer.concat(entries.map(centralRecord));
  const zip64 = start >= ZIP64_FLOOR || entries.length >= MOST_ENTRIES;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(entries.length, MOST_ENTRIES), 8);
  end.writeUInt16LE(Math.min(entries.length, MOST_ENTRIES), 10);
  end.writeUInt32LE(records.byteLength, 12);
  end.writeUInt32LE(Math.min(start, ZIP64_FLOOR), 16);
  const wide = zip64 ? zip64End(entries.length, records.byteLength, start) : Buffer.alloc(0);
  return Buffer.concat([records, wide, end]);
}

function centralRecord(entry: StoredEntry & { readonly crc32: number }): Buffer {
  const name = Buffer.from(entry.name);
  // The field holds only what does not fit the record, in this order.
  const wide = [...(isLarge(entry) ? [entry.size, entry.size] : []), ...overflow(entry.headerOffset)];
  const extra = wide.length > 0 ? extraField(ZIP64_EXTRA, uint64s(wide)) : Buffer.alloc(0);
  const record = Buffer.alloc(46);
  record.writeUInt32LE(0x02014b50, 0);
  record.writeUInt16LE(wide.length > 0 ? VERSION_ZIP64 : VERSION, 4);
  record.writeUInt16LE(wide.length > 0 ? VERSION_ZIP64 : VERSION, 6);
  record.writeUInt16LE(FLAGS, 8);
  record.writeUInt16LE(DATE, 14);
  record.writeUInt32LE(entry.crc32, 16);
  record.writeUInt32LE(Math.min(entry.size, ZIP64_FLOOR), 20);
  record.writeUInt32LE(Math.min(entry.size, ZIP64_FLOOR), 24);
  record.writeUInt16LE(name.byteLength, 28);
  record.writeUInt16LE(extra.byteLength, 30);
  record.writeUInt32LE(Math.min(entry.headerOffset, ZIP64_FLOOR), 42);
  return Buffer.concat([record, name, extra]);
}

function overflow(offset: number): number[] {
  return offset >= ZIP64_FLOOR ? [offset] : [];
}

function zip64End(count: number, size: number, start: number): Buffer {
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeUInt16LE(VERSION_ZIP64, 12);
  record.writeUInt16LE(VERSION_ZIP64, 14);
  uint64s([count, count, size, start]).copy(record, 24);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(start + size), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([record, locator]);
}

function extraField(id: number, data: Buffer): Buffer {
  const header = Buffer.alloc(EXTRA_HEADER_BYTES);
  header.writeUInt16LE(id, 0);
  header.writeUInt16LE(data.byteLength, 2);
  return Buffer.concat([header, data]);
}

function uint64s(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), index * 8);
  return bytes;
}
