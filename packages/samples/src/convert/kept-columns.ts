import { isInOrder, UNREAD_COLUMN, UserInputError, type ColumnChoice } from '@cosmicai/payload';
import { describeColumns } from '../columns/describe.ts';
import { eitherOf } from '../columns/refusals.ts';
import type { KeptColumn } from '../columns/kept.ts';
import { columnsNamed } from '../columns/names.ts';
import type { SampleSource } from '../source.ts';

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
    const [found, ...others] = columnsNamed(source.columns, column);
    if (column === UNREAD_COLUMN) names.set(what, UNREAD_COLUMN);
    else if (found !== undefined && others.length === 0) names.set(found.name, what);
    else if (found !== undefined)
      throw new UserInputError(`The column ${column} of ${source.name} could be ${eitherOf([found, ...others])}.`);
    else throw new UserInputError(`${source.name} has no column ${column}. It has: ${describeColumns(source)}.`);
  }
  return names;
}
