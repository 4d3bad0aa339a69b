import { isInOrder, UNREAD_COLUMN, UserInputError, type ColumnChoice } from '@cosmicai/payload';
import { describeColumns } from '../columns/describe.ts';
import type { SampleColumn, SampleSource } from '../source.ts';

/** A column of a source, and what it is called in the partitions. */
export interface KeptColumn {
  readonly column: SampleColumn;
  readonly name: string;
}

/** Parts of a choice that are no columns. */
const NO_COLUMNS: readonly string[] = ['layout', 'bands'];
/** What the tensors of a TensorDataset are taken for, where nobody says it. */
const UNNAMED: ColumnChoice = ['images', 'magnitudes', 'redshift'];

/**
 * All columns of a source; those that are chosen are called by what they were chosen for, and `-` leaves one out.
 *
 * @throws UserInputError when a chosen column isn't there, or two would have one name
 */
export function keptColumns(source: SampleSource, choice: ColumnChoice | undefined): readonly KeptColumn[] {
  const chosen = choice ?? (source.unnamed === true ? UNNAMED : {});
  const names = isInOrder(chosen) ? byPlace(source, chosen) : byName(source, chosen);
  const kept = source.columns.flatMap((column) => {
    const name = names.get(column.name) ?? column.name;
    return name === UNREAD_COLUMN ? [] : [{ column, name }];
  });
  const twice = kept.find(({ name }, place) => kept.findIndex((other) => other.name === name) < place);
  if (twice === undefined) return kept;
  throw new UserInputError(
    `${source.name} has a column ${twice.name} besides the one that is to be called so. Leave it out with: --columns ${twice.name}=…`,
  );
}

function byPlace({ columns }: SampleSource, choice: readonly string[]): ReadonlyMap<string, string> {
  return new Map(columns.flatMap(({ name }, place) => (choice[place] === undefined ? [] : [[name, choice[place]]])));
}

function byName(source: SampleSource, choice: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [what, column] of Object.entries(choice)) {
    if (NO_COLUMNS.includes(what)) continue;
    if (column === UNREAD_COLUMN) names.set(what, UNREAD_COLUMN);
    else if (source.columns.some(({ name }) => name === column)) names.set(column, what);
    else throw new UserInputError(`${source.name} has no column ${column}. It has: ${describeColumns(source)}.`);
  }
  return names;
}
