import { gather, isContiguous } from '../tensor/layout.ts';
import type { Column, Rows, RowsOptions } from './column.ts';
import { int64Rows } from './cutout.ts';
import type { ObjectIds } from './partition-batch.ts';
import type { NameList } from './saved-tensors.ts';

/** The names of a partition's objects, read by ranges. */
export interface IdColumn {
  readonly type: 'int64' | 'text';
  read(from: number, to: number, options?: RowsOptions): Promise<ObjectIds>;
}

/** Names in a tensor of whole numbers, or in a list. Those of uint64 are handed out as text, as not all of them fit int64. */
export function idsOf(content: Column | NameList): IdColumn {
  if ('rows' in content) {
    const isUnsigned = content.ref.dtype === 'uint64';
    return {
      type: isUnsigned ? 'text' : 'int64',
      async read(from, to, options) {
        const rows = await content.rows(from, to, options);
        return isUnsigned ? textRows(rows) : int64Rows(rows);
      },
    };
  }
  const names = isText(content) ? content : BigInt64Array.from(content);
  return {
    type: names instanceof BigInt64Array ? 'int64' : 'text',
    read: (from, to) => Promise.resolve(names.slice(from, to)),
  };
}

function isText(names: NameList): names is readonly string[] {
  return names.every((name) => typeof name === 'string');
}

function textRows({ data, layout }: Rows): string[] {
  return Array.from(isContiguous(layout) ? data : gather(data, layout), String);
}
