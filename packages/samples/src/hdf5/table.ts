import { newNumbers } from '../new-values.ts';
import type { ColumnValues, ValueType } from '../source.ts';
import { fromHalves, isHalf, isTable, typeOf, type Hdf5Type } from './library.ts';

const ARRAY = 10;

/** A column of a table (a dataset of a compound type), or why it can't be one, as said after its name. */
export type TableColumn = { readonly path: string } & (
  | {
      readonly type: ValueType;
      /** Of one row. */
      readonly shape: readonly number[];
      readonly offset: number;
      /** In a row, and of one of its values. */
      readonly bytes: number;
      readonly itemBytes: number;
      readonly isHalf: boolean;
      /** Whether the bytes of each value are in the other order. */
      readonly isSwapped: boolean;
    }
  | { readonly problem: string }
);

/** @param path of the table, with which the columns' paths begin */
export function columnsOf(metadata: Hdf5Type, path: string): TableColumn[] {
  // The library puts the bytes of tables into this machine's order, except of those that have numbers of both orders.
  const orders = new Set(leavesOf(metadata).flatMap((leaf) => (typeOf(leaf) === 'text' ? [] : [leaf.littleEndian])));
  return membersOf(metadata, path, 0).map(({ member, ...place }): TableColumn => {
    const items = member.type === ARRAY ? member.array_type : undefined;
    const item = items ?? member;
    const type = typeOf(item);
    if (typeof type !== 'string') return { path: place.path, ...type };
    if (type === 'text' && items !== undefined) return { path: place.path, problem: 'is of lists of text' };
    const isSwapped = orders.size > 1 && type !== 'text' && !item.littleEndian;
    return {
      ...place,
      type,
      shape: items?.shape ?? [],
      bytes: member.size,
      itemBytes: item.size,
      isHalf: isHalf(item),
      isSwapped,
    };
  });
}

interface Member {
  readonly path: string;
  /** Of its first byte in a row. */
  readonly offset: number;
  readonly member: Hdf5Type;
}

/** Those of tables in it, too. */
function membersOf({ compound_type: table }: Hdf5Type, path: string, before: number): Member[] {
  return (table?.members ?? []).flatMap((member) => {
    const own = { path: `${path}/${member.name}`, offset: before + member.offset };
    return isTable(member) ? membersOf(member, own.path, own.offset) : [{ ...own, member }];
  });
}

/** What numbers are of, in the end. */
function leavesOf(type: Hdf5Type): Hdf5Type[] {
  if (type.array_type !== undefined) return leavesOf(type.array_type);
  return type.compound_type === undefined ? [type] : type.compound_type.members.flatMap(leavesOf);
}

/** Whether rows have what the library keeps elsewhere, and would keep for good. */
export function hasVaryingLength(type: Hdf5Type): boolean {
  return leavesOf(type).some(({ vlen }) => vlen === true);
}

/** The values of a column in rows of a table. */
export function columnIn(
  rows: Uint8Array,
  rowBytes: number,
  column: Extract<TableColumn, { readonly type: ValueType }>,
): ColumnValues {
  const { type, offset, bytes: size, itemBytes } = column;
  const count = rows.length / rowBytes;
  const packed = new Uint8Array(count * size);
  for (let row = 0; row < count; row++) {
    const at = row * rowBytes + offset;
    packed.set(rows.subarray(at, at + size), row * size);
  }
  if (column.isSwapped) {
    for (let at = 0; at < packed.length; at += itemBytes) packed.subarray(at, at + itemBytes).reverse();
  }
  if (type === 'text')
    return Array.from({ length: count }, (_, row) => textOf(packed.subarray(row * size, (row + 1) * size)));
  if (column.isHalf) return fromHalves(new Uint16Array(packed.buffer));
  const values = newNumbers(type, packed.length / itemBytes);
  new Uint8Array(values.buffer).set(packed);
  return values;
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
}
