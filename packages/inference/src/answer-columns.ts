import {
  ANSWER_COLUMNS,
  answerNames,
  answerWidth,
  itemAt,
  type AnswerNames,
  type ClassesOutput,
  type DensityOutput,
  type ModelOutput,
} from '@cosmicai/payload';

/** What a model's answers mean, for consecutive galaxies. */
export interface ReadAnswers {
  /** Redshifts, [count], NaN where an answer gives none; null: answers are something else. */
  readonly zPred: Float32Array | null;
  /** What there is besides; absent where the answer is one number. */
  readonly beside?: readonly AnswerColumn[];
}

/** A column of predictions beside the redshift. */
export type AnswerColumn =
  | { readonly name: string; readonly type: 'number'; readonly values: Float32Array }
  /** `length` numbers for each galaxy, row-major. */
  | { readonly name: string; readonly type: 'numbers'; readonly length: number; readonly values: Float32Array }
  | { readonly name: string; readonly type: 'text'; readonly values: readonly string[] };

/** The class where no score is a number. */
const NO_CLASS = '';

/**
 * Tells what answers mean; of several redshifts the first is that of the predictions.
 *
 * - `value+sigma`: the uncertainty as a standard deviation, whatever the model gives it as
 * - `density`: probabilities of the bins that add up to 1; the redshift is their mean, its uncertainty their standard deviation,
 *   every bin standing for its middle
 * - `classes`: probabilities that add up to 1, and the label of the largest
 *
 * @param answers count x the width of all outputs, row-major: the numbers of the first output, then those of the next
 */
export function readAnswers(outputs: readonly ModelOutput[], answers: Float32Array): ReadAnswers {
  const names = answerNames(outputs);
  const width = outputs.reduce((sum, output) => sum + answerWidth(output), 0);
  let zPred: Float32Array | null = null;
  const beside: AnswerColumn[] = [];
  let column = 0;
  for (const [at, output] of outputs.entries()) {
    const own = answerWidth(output);
    const rows = columnsOf(answers, width, column, own);
    column += own;
    const named = itemAt(names, at);
    const read = readAnswer(output, rows, named);
    if (read.value !== undefined && named.value !== null) beside.push(number(named.value, read.value));
    else zPred = read.value ?? zPred;
    beside.push(...read.beside);
  }
  return { zPred, ...(beside.length > 0 && { beside }) };
}

/** A redshift or another value, where an answer is one, and what there is besides. */
interface ReadAnswer {
  readonly value?: Float32Array;
  readonly beside: readonly AnswerColumn[];
}

/** @param answers count x width of this output */
function readAnswer(output: ModelOutput, answers: Float32Array, names: AnswerNames): ReadAnswer {
  const width = answerWidth(output);
  switch (output.kind) {
    case 'value':
      return { value: answers, beside: [] };
    case 'value+sigma': {
      const sigma = columnsOf(answers, width, 1).map(STANDARD_DEVIATION[output.sigma_is]);
      return { value: columnsOf(answers, width, 0), beside: [number(names.sigma, sigma)] };
    }
    case 'density':
      return readDensities(output, answers, names);
    case 'classes':
      return { beside: readClasses(output, answers, names) };
    case 'vector':
      return { beside: [{ name: names.vector, type: 'numbers', length: width, values: answers }] };
  }
}

const STANDARD_DEVIATION = {
  // Below zero it is none, as the root of a variance below zero is none.
  sigma: (value: number) => (value < 0 ? NaN : value),
  variance: (value: number) => Math.sqrt(value),
  log_variance: (value: number) => Math.exp(value / 2),
} as const;

function readDensities(output: DensityOutput, answers: Float32Array, names: AnswerNames): ReadAnswer {
  const { grid, scores } = output;
  const width = answerWidth(output);
  const count = answers.length / width;
  const middles = grid.slice(1).map((edge, at) => (edge + (grid[at] ?? NaN)) / 2);
  const values = probabilities(answers, width, scores);
  const mean = new Float32Array(count);
  const sigma = new Float32Array(count);
  for (let galaxy = 0; galaxy < count; galaxy++) {
    let [sum, squares] = [0, 0];
    middles.forEach((z, bin) => (sum += (values[galaxy * width + bin] ?? NaN) * z));
    // About the mean: the difference of two large sums would lose what is asked for.
    middles.forEach((z, bin) => (squares += (values[galaxy * width + bin] ?? NaN) * (z - sum) ** 2));
    mean[galaxy] = sum;
    sigma[galaxy] = Math.sqrt(squares);
  }
  const density: AnswerColumn = { name: names.density, type: 'numbers', length: width, values };
  return { value: mean, beside: [number(names.sigma, sigma), density] };
}

function readClasses({ labels, scores }: ClassesOutput, answers: Float32Array, names: AnswerNames): AnswerColumn[] {
  const width = labels.length;
  const count = answers.length / width;
  const values = probabilities(answers, width, scores);
  const best = Array.from({ length: count }, (_, galaxy) => {
    const row = values.subarray(galaxy * width, (galaxy + 1) * width);
    return labels[row.indexOf(Math.max(...row))] ?? NO_CLASS;
  });
  return [
    { name: names.class, type: 'text', values: best },
    ...labels.map((label, at) => number(names.probability(label), columnsOf(values, width, at))),
  ];
}

/** Scores of each galaxy as probabilities: of logits the softmax, else divided by their sum; NaN where that gives none. */
function probabilities(scores: Float32Array, width: number, are: 'probabilities' | 'logits'): Float32Array {
  const found = new Float32Array(scores.length);
  for (let start = 0; start < scores.length; start += width) {
    const row = scores.subarray(start, start + width);
    const largest = are === 'logits' ? Math.max(...row) : 0;
    const weights =
      are === 'logits' ? Float64Array.from(row, (score) => Math.exp(score - largest)) : Float64Array.from(row);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const isUsable = sum > 0 && sum < Infinity && weights.every((weight) => weight >= 0);
    weights.forEach((weight, at) => (found[start + at] = isUsable ? weight / sum : NaN));
  }
  return found;
}

function number(name: string, values: Float32Array): AnswerColumn {
  return { name, type: 'number', values };
}

/** Columns [from, from + taken) of rows; not copied where they are all. */
function columnsOf(rows: Float32Array, width: number, from: number, taken = 1): Float32Array {
  if (taken === width) return rows;
  const columns = new Float32Array((rows.length / width) * taken);
  for (let to = 0, row = from; to < columns.length; row += width)
    for (let at = 0; at < taken; at++) columns[to++] = rows[row + at] ?? NaN;
  return columns;
}

/** Classes of galaxies; undefined where something else was predicted. */
export function classesIn(beside: readonly AnswerColumn[] = []): readonly string[] | undefined {
  const found = beside.find(({ name, type }) => name === ANSWER_COLUMNS.class && type === 'text');
  return found?.type === 'text' ? found.values : undefined;
}
