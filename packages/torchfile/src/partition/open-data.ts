import { MalformedTorchFileError, UnsupportedTorchFileError } from '../errors.ts';
import { toFloat64 } from '../tensor/tensor.ts';
import { isInteger } from '../tensor/dtype.ts';
import type { TorchFile } from '../torch-file.ts';
import { openColumn } from './column.ts';
import { fittingColumns } from './row-table.ts';
import type { SavedData } from './saved-data.ts';
import type { SavedEntry } from './saved-tensors.ts';
import { isTensor } from './tensor-dataset.ts';
import { joinedColumn, listColumn, selectedColumn, tensorColumn, type ValueColumn } from './value-column.ts';

/** Columns of as many rows each. */
export interface OpenData {
  readonly count: number;
  /** Whether the columns have names of their own. */
  readonly named: boolean;
  readonly columns: readonly ValueColumn[];
  /** What else is there, and why it is no column. */
  readonly unfit: ReadonlyMap<string, string>;
}

/** @throws TorchFileError when tensors are of different lengths, or parts don't fit each other */
export async function openData(file: TorchFile, data: SavedData): Promise<OpenData> {
  if (data.kind === 'tensors') return await openEntries(file, data.entries, data.named);
  if (data.kind === 'joined') return joined(file, await Promise.all(data.parts.map((part) => openData(file, part))));
  const of = await openData(file, data.of);
  const indices = await readIndices(file, data.indices, of.count);
  return { ...of, count: indices.length, columns: of.columns.map((column) => selectedColumn(column, indices)) };
}

async function openEntries(file: TorchFile, entries: readonly SavedEntry[], named: boolean): Promise<OpenData> {
  const arrays = entries.map(({ key, content }, place) => {
    const name = key ?? String(place);
    if (!isTensor(content)) return { name, shape: [content.length], open: () => listColumn(name, content) };
    return { name, shape: content.shape, open: async () => tensorColumn(name, await openColumn(file, name, content)) };
  });
  return { ...(await fittingColumns(file.name, arrays, named)), named };
}

/** Parts one after the other, with the columns that all of them have. */
function joined(file: TorchFile, parts: readonly OpenData[]): OpenData {
  const [first] = parts;
  if (first === undefined) throw new RangeError('no parts to join');
  const unfit = new Map(parts.flatMap((part) => [...part.unfit]));
  const columns = first.columns.map((column) => {
    const alike = parts.map((part) => ({
      count: part.count,
      column: part.columns.find(({ name }) => name === column.name),
    }));
    const fitting = alike.flatMap(({ count, column: other }) =>
      other?.type === column.type && other.shape.join() === column.shape.join() ? [{ count, column: other }] : [],
    );
    if (fitting.length === parts.length) return joinedColumn(fitting);
    const kinds = alike.map(({ column: other }) =>
      other === undefined ? 'none' : `${other.type} [${other.shape.join(', ')}]`,
    );
    const problem = `the datasets of a ConcatDataset differ: ${column.name} is ${[...new Set(kinds)].join(' and ')}; save them as separate files`;
    throw new UnsupportedTorchFileError(file.name, undefined, problem);
  });
  if (parts.some(({ named }) => named !== first.named)) {
    throw new UnsupportedTorchFileError(file.name, undefined, 'a ConcatDataset of datasets with names and without');
  }
  return { count: parts.reduce((sum, { count }) => sum + count, 0), named: first.named, columns, unfit };
}

async function readIndices(
  file: TorchFile,
  indices: Extract<SavedData, { kind: 'subset' }>['indices'],
  count: number,
): Promise<Int32Array> {
  if ('dtype' in indices && (indices.shape.length !== 1 || !isInteger(indices.dtype))) {
    const problem = `a Subset whose indices are ${indices.dtype} [${indices.shape.join(', ')}], not whole numbers in a row`;
    throw new UnsupportedTorchFileError(file.name, indices.at, problem);
  }
  const rows = 'dtype' in indices ? toFloat64(await file.tensor(indices)) : indices;
  const wrong = rows.find((row) => !Number.isInteger(row) || row < 0 || row >= count);
  if (wrong === undefined) return Int32Array.from(rows);
  throw new MalformedTorchFileError(file.name, undefined, `a Subset with the index ${wrong} of ${count} samples`);
}
