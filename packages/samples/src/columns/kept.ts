import { answerColumns, outputsOf, PREDICTION_COLUMNS, type ColumnChoice, type ModelSpec } from '@cosmicai/payload';
import type { SampleColumn, SampleSource, ValueType } from '../source.ts';
import { describeColumn, isOneEach } from './describe.ts';
import { columnsNamed, whyUnfit } from './names.ts';
import { eitherOf, Refusals } from './refusals.ts';

/** What a column that travels with the predictions is, in every file. */
export interface CarriedKind {
  readonly name: string;
  readonly type: ValueType;
}

/** A column that is handed on as it is, and what it is called there. */
export interface KeptColumn {
  readonly column: SampleColumn;
  readonly name: string;
}

/**
 * A column that goes into the predictions as it is, under the name by which it was asked for.
 *
 * @throws UnusableFileError when it isn't there, has several values for each galaxy, or is called as a column of the predictions
 */
export function keptColumn(source: SampleSource, spec: ModelSpec, name: string, refusals: Refusals): KeptColumn {
  const answers = answerColumns(outputsOf(spec)).beside;
  // Each number of a list has a column of its own in CSV.
  const numbered = answers.some((column) => column.type === 'numbers' && name.startsWith(`${column.name}_`));
  if ([...PREDICTION_COLUMNS, ...spec.features, ...answers.map((column) => column.name)].includes(name) || numbered)
    throw refusals.misfit(`the column ${name} can’t be kept: predictions have one of that name by themselves`);
  const [column, ...others] = columnsNamed(source.columns, name);
  const why = whyUnfit(source, name);
  if (column === undefined)
    throw refusals.misfit(
      why === undefined ? `there is no column ${name} to keep` : `${name}, which is to be kept, ${why}`,
    );
  if (others.length > 0)
    throw refusals.misfit(
      `the column ${name}, which is to be kept, could be ${eitherOf([column, ...others])}`,
      ` Say which by its whole name: --keep ${column.name}`,
    );
  if (isOneEach(column.shape)) return { name, column };
  throw refusals.misfit(`column ${describeColumn(column)} can’t be kept: it is not one value for each galaxy`);
}

/** What the columns that are kept are in a source. @throws UnusableFileError as keptColumn does */
export function kindsIn(
  source: SampleSource,
  spec: ModelSpec,
  keep: readonly string[],
  choice?: ColumnChoice,
): readonly CarriedKind[] {
  const refusals = new Refusals({ source, spec, choice, picked: new Map() });
  return keep.map((name) => {
    const { column } = keptColumn(source, spec, name, refusals);
    return { name, type: column.gaps?.type ?? column.type };
  });
}
