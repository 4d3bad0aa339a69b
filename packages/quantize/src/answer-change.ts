import { readAnswers, type AnswerColumn } from '@cosmicai/inference';
import { answerNames, itemAt, type AnswerChange, type AnswerNames, type ModelOutput } from '@cosmicai/payload';

/** Answers of a model for the same galaxies before and after: [galaxies, width], row-major. */
export interface ComparedAnswers {
  readonly outputs: readonly ModelOutput[];
  readonly before: Float32Array;
  readonly after: Float32Array;
}

/**
 * What another arithmetic changes in answers other than the redshift of the predictions, for each galaxy:
 *
 * - probabilities of classes, and of the bins of a density: the largest change of one of them
 * - the uncertainty of the redshift: its change, in units of 1+z
 * - other values and their uncertainties: the change, as a share of the values' standard deviation over the galaxies
 * - vectors: the length of the difference, as a share of the vectors' root mean square distance from their mean
 *
 * A number before where there is none after, or the other way round, counts as an endless change.
 */
export function answerChanges({ outputs, before, after }: ComparedAnswers): AnswerChange[] {
  const [was, is] = [readAnswers(outputs, before), readAnswers(outputs, after)];
  const names = answerNames(outputs);
  const pair = (name: string) => [columnIn(was.beside, name), columnIn(is.beside, name)] as const;
  return outputs.flatMap((output, at) => {
    const own = itemAt(names, at);
    const told = (of: AnswerChange['of'], changes: readonly number[]) => ({
      output: output.name,
      of,
      ...sizes(changes),
    });
    switch (output.kind) {
      case 'vector':
        return [told('vector', vectorChanges(pair(own.vector)))];
      case 'classes': {
        const labels = output.labels.map((label) => pair(own.probability(label)));
        const [first, second] = pair(own.class);
        const others = textOf(first).filter((label, galaxy) => label !== textOf(second)[galaxy]).length;
        return [{ ...told('probabilities', largestOf(labels)), of_another_class: others }];
      }
      default:
        return [...valueChanges(own), ...sigmaChanges(output, own), ...densityChanges(output, own)];
    }

    function valueChanges({ value }: AnswerNames): AnswerChange[] {
      return value === null ? [] : [told('value', shares(pair(value), numbersOf(pair(value)[0])))];
    }

    function sigmaChanges({ kind }: ModelOutput, { value, sigma }: AnswerNames): AnswerChange[] {
      if (kind === 'value') return [];
      if (value !== null) return [told('uncertainty', shares(pair(sigma), numbersOf(pair(value)[0])))];
      const z = was.zPred ?? new Float32Array(0);
      return [
        told(
          'uncertainty',
          differences(pair(sigma)).map((size, galaxy) => size / (1 + Math.abs(z[galaxy] ?? NaN))),
        ),
      ];
    }

    function densityChanges(of: ModelOutput, { density }: AnswerNames): AnswerChange[] {
      if (of.kind !== 'density') return [];
      const bins = of.grid.length - 1;
      const [first, second] = pair(density).map(numbersOf) as [Float32Array, Float32Array];
      const all = first.length === 0 ? [] : rowsOf(first, second, bins);
      return [
        told(
          'probabilities',
          all.map((row) => largest(row)),
        ),
      ];
    }
  });
}

/** How much answers other than the redshift may change. */
export interface AnswerLimits {
  /** Of the redshift's uncertainty, in units of 1+z. */
  readonly maxChange: number;
  /** Of a probability; of other values and vectors as a share of how they differ between galaxies. */
  readonly maxAnswerChange: number;
}

/** Why answers change too much; undefined where they don't. */
export function answersTooLarge(
  changes: readonly AnswerChange[],
  outputs: readonly ModelOutput[],
  limits: AnswerLimits,
): string | undefined {
  for (const change of changes) {
    const { output, of, max } = change;
    const isOfRedshift = isOfTheRedshift(change, outputs);
    const allowed = isOfRedshift ? limits.maxChange : limits.maxAnswerChange;
    if (max <= allowed) continue;
    const option = isOfRedshift ? '--max-change' : '--max-answer-change';
    return `${WHAT[of]} of ${output} changes by ${max.toExponential(1)}${isOfRedshift ? ' (1+z)' : UNIT[of]} for a galaxy; allowed: ${allowed.toExponential(1)} (${option})`;
  }
  return undefined;
}

/** The largest change of any answer, that of the redshift among them, as a share of what is allowed. */
export function largestShare(compared: ComparedAnswers, limits: AnswerLimits): number {
  const { outputs, before, after } = compared;
  const [was, is] = [readAnswers(outputs, before).zPred, readAnswers(outputs, after).zPred];
  const redshifts = was === null ? [] : [...was].map((z, at) => difference(z, is?.[at] ?? NaN) / (1 + Math.abs(z)));
  const others = answerChanges(compared).map((change) =>
    part(change.max, isOfTheRedshift(change, outputs) ? limits.maxChange : limits.maxAnswerChange),
  );
  return largest([part(largest(redshifts), limits.maxChange), ...others]);
}

function part(size: number, allowed: number): number {
  return size === 0 ? 0 : size / allowed;
}

function isOfTheRedshift({ of, output }: AnswerChange, outputs: readonly ModelOutput[]): boolean {
  return of === 'uncertainty' && output === outputs.find(({ kind }) => kind !== 'classes' && kind !== 'vector')?.name;
}

const WHAT: Readonly<Record<AnswerChange['of'], string>> = {
  value: 'the value',
  uncertainty: 'the uncertainty',
  probabilities: 'a probability',
  vector: 'the vector',
};
const UNIT: Readonly<Record<AnswerChange['of'], string>> = {
  value: ' of the values’ spread',
  uncertainty: ' of the values’ spread',
  probabilities: '',
  vector: ' of the vectors’ spread',
};

type Pair = readonly [before: AnswerColumn | undefined, after: AnswerColumn | undefined];

function columnIn(beside: readonly AnswerColumn[] | undefined, name: string): AnswerColumn | undefined {
  return beside?.find((column) => column.name === name);
}

function numbersOf(column: AnswerColumn | undefined): Float32Array {
  return column?.values instanceof Float32Array ? column.values : new Float32Array(0);
}

function textOf(column: AnswerColumn | undefined): readonly string[] {
  return column?.type === 'text' ? column.values : [];
}

/** |after - before|: 0 where neither is a number, endless where one of them is. */
function difference(before: number, after: number): number {
  if (Object.is(before, after)) return 0;
  const size = Math.abs(after - before);
  return Number.isNaN(size) ? Infinity : size;
}

function differences([before, after]: Pair): number[] {
  const is = numbersOf(after);
  return Array.from(numbersOf(before), (value, at) => difference(value, is[at] ?? NaN));
}

function shares(pair: Pair, values: Float32Array): number[] {
  const spread = spreadOf(values, 1);
  return differences(pair).map((size) => shareOf(size, spread));
}

function shareOf(size: number, spread: number): number {
  return size === 0 ? 0 : size / spread;
}

function vectorChanges([before, after]: Pair): number[] {
  const length = before?.type === 'numbers' ? before.length : 1;
  const spread = spreadOf(numbersOf(before), length);
  return rowsOf(numbersOf(before), numbersOf(after), length).map((row) => shareOf(Math.hypot(...row), spread));
}

/** Differences of each row. */
function rowsOf(before: Float32Array, after: Float32Array, length: number): number[][] {
  return Array.from({ length: before.length / length }, (_, row) =>
    Array.from(before.subarray(row * length, (row + 1) * length), (value, at) =>
      difference(value, after[row * length + at] ?? NaN),
    ),
  );
}

function largestOf(pairs: readonly Pair[]): number[] {
  const columns = pairs.map(differences);
  return (columns[0] ?? []).map((_, galaxy) => largest(columns.map((column) => column[galaxy] ?? 0)));
}

/** Root mean square distance of rows from their mean; of those that are numbers. */
function spreadOf(values: Float32Array, length: number): number {
  let sum = 0;
  for (let column = 0; column < length; column++) {
    const those = Array.from(
      { length: values.length / length },
      (_, row) => values[row * length + column] ?? NaN,
    ).filter((value) => Number.isFinite(value));
    const mean = those.reduce((total, value) => total + value, 0) / those.length;
    const squares = those.reduce((total, value) => total + (value - mean) ** 2, 0) / those.length;
    if (those.length > 0) sum += squares;
  }
  return Math.sqrt(sum);
}

function sizes(changes: readonly number[]): { readonly max: number; readonly mean: number } {
  return { max: largest(changes), mean: changes.reduce((sum, size) => sum + size, 0) / Math.max(1, changes.length) };
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
