import { UserInputError } from '@cosmicai/payload';
import { describeColumns } from '../columns/describe.ts';
import type { SampleBatch, SampleColumn, SampleSource } from '../source.ts';

/**
 * Batches of sources one after the other, as if they were one: each source is read to its end, so that its sums are checked.
 *
 * @throws UserInputError at once when they have different columns
 */
export function batchesOfAll(
  sources: readonly SampleSource[],
  size: number,
  signal: AbortSignal | undefined,
  columns: readonly string[],
): AsyncGenerator<SampleBatch, void, undefined> {
  const [first, ...others] = sources;
  for (const source of others) {
    if (first === undefined || shapeOf(source, columns) === shapeOf(first, columns)) continue;
    throw new UserInputError(
      `${source.name} has other columns than ${first.name}, so they can't become partitions of one kind. It has: ${describeColumns(source)}. ${first.name} has: ${describeColumns(first)}. Convert them one by one, or choose columns that both have: --columns image=…,id=….`,
    );
  }
  return each();

  async function* each(): AsyncGenerator<SampleBatch, void, undefined> {
    let before = 0;
    for (const source of sources) {
      for await (const batch of source.batches({ size, columns, ...(signal && { signal }) })) {
        yield { ...batch, from: before + batch.from };
      }
      before += source.count;
    }
  }
}

function shapeOf({ columns }: SampleSource, names: readonly string[]): string {
  const of = (name: string): Partial<SampleColumn> => columns.find((column) => column.name === name) ?? {};
  return JSON.stringify(names.map((name) => [of(name).type, of(name).shape]));
}
