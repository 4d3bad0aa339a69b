import { arrowSchema } from '../src/formats/parquet/arrow-schema.ts';
import { ODD } from './support/tables.ts';

/** Reads a flatbuffer as its documentation says. */
const reader = (bytes: Buffer) => {
  const follow = (at: number) => at + bytes.readUInt32LE(at);
  /** Where a field of a table is; undefined where it isn't. */
  const field = (table: number, number: number) => {
    const offsets = table - bytes.readInt32LE(table);
    const offset = 4 + 2 * number < bytes.readUInt16LE(offsets) ? bytes.readUInt16LE(offsets + 4 + 2 * number) : 0;
    return offset === 0 ? undefined : table + offset;
  };
  const at = (table: number, number: number) => follow(field(table, number)!);
  const text = (place: number) => bytes.toString('utf8', place + 4, place + 4 + bytes.readUInt32LE(place));
  const items = (place: number) =>
    Array.from({ length: bytes.readUInt32LE(place) }, (_, item) => follow(place + 4 + 4 * item));
  return { follow, field, at, text, items };
};

describe("Arrow's schema of a catalogue", () => {
  const message = Buffer.from(arrowSchema(ODD.columns, [{ key: 'cosmicai.note', value: 'größe' }]), 'base64');
  const bytes = message.subarray(8);
  const { follow, field, at, text, items } = reader(bytes);
  const root = follow(0);
  const fields = items(at(at(root, 2), 1));

  it('is an encapsulated message of a schema', () => {
    expect([message.readUInt32LE(0), message.readUInt32LE(4)]).toEqual([0xffffffff, bytes.length]);
    expect(bytes.length % 8).toBe(0);
    expect(items(at(at(root, 2), 2)).map((entry) => [text(at(entry, 0)), text(at(entry, 1))])).toEqual([
      ['cosmicai.note', 'größe'],
    ]);
    expect([bytes.readUInt16LE(field(root, 0)), bytes[field(root, 1)!]]).toEqual([4, 1]);
  });

  it('has the columns with their types, and units and descriptors as metadata', () => {
    const read = fields.map((column) => ({
      name: text(at(column, 0)),
      nullable: bytes[field(column, 1)!] === 1,
      type: bytes[field(column, 2)!],
      children: items(at(column, 5)).map((child) => [text(at(child, 0)), bytes[field(child, 2)!]]),
      metadata: Object.fromEntries(items(at(column, 6)).map((entry) => [text(at(entry, 0)), text(at(entry, 1))])),
    }));

    expect(read[2]).toEqual({
      ...{ name: 'ra', nullable: false, type: 3, children: [] },
      metadata: { unit: 'deg', ucd: 'pos.eq.ra;meta.main', description: 'The ra' },
    });
    expect(read.map(({ name, type }) => [name, type])).toEqual([
      ...[
        ['id', 2],
        ['name', 5],
        ['ra', 3],
        ['z_pred', 3],
        ['z_spec', 3],
        ['n', 2],
        ['ok', 6],
        ['pdf', 12],
      ],
    ]);
    expect(read[7]?.children).toEqual([['element', 3]]);
    expect(bytes.readUInt32LE(field(at(fields[0]!, 3), 0))).toBe(64);
    expect(bytes.readUInt16LE(field(at(fields[3]!, 3), 0))).toBe(1);
  });
});
