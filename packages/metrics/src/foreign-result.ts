import { describe as shown, parseOrProblems, rankResultSchema } from '@cosmicai/payload';
import { meaningOf, type Label, type Quantity } from './measurement-keys.ts';
import { isPlausible, numberOf } from './plausible.ts';
import type { NormalisedRank, RankMeasurement } from './rank-measurement.ts';
import { BITS_PER_SAMPLE } from './sample-bits.ts';

/** Rates are printed with 15 digits or so; a product further than this from a whole number is not a count. */
const COUNT_TOLERANCE = 1e-6;

/** What makes a record a result: settings and payloads tell sizes and counts too. */
const MEASURED: readonly Quantity[] = [
  ...(['seconds', 'secondsPerBatch', 'bitsPerSecond', 'samplesPerSecond'] as const),
  ...(['mae', 'mse', 'bias', 'precision', 'r2'] as const),
];

/** Reads a result by what the names of its fields mean. */
export function fromAnyKeys(input: Readonly<Record<string, unknown>>): NormalisedRank {
  const quantities = new Map<Quantity, number>();
  const labels = new Map<Label, string[]>();
  const notUnderstood: string[] = [];
  const problems = problemsOfOurs(input);
  for (const [key, value] of Object.entries(input)) {
    const meaning = meaningOf(key);
    if (meaning === undefined) notUnderstood.push(`"${key}": a field of unknown meaning (${shown(value)})`);
    else if (isLabel(meaning.of)) {
      const text = textsOf(value);
      if (text !== undefined) labels.set(meaning.of, text);
      else if (value !== null) notUnderstood.push(`"${key}": ${shown(value)} is not text`);
    } else if (value !== null) {
      const number = numberOf(value);
      const known = quantities.get(meaning.of);
      const scaled = number === undefined ? undefined : number * meaning.factor;
      if (scaled === undefined) notUnderstood.push(`"${key}": ${shown(value)} is not a number`);
      else if (!isPlausible(meaning.of, scaled)) notUnderstood.push(`"${key}": ${shown(value)} can't be`);
      else if (known !== undefined && known !== scaled) {
        notUnderstood.push(`"${key}": ${shown(value)} contradicts an earlier field that means the same (${known})`);
      } else quantities.set(meaning.of, scaled);
    }
  }
  const isResult = MEASURED.some((quantity) => quantities.has(quantity));
  const derived = derive(quantities);
  return {
    measurement: measurementOf(quantities, labels),
    isResult,
    notUnderstood: problems ?? notUnderstood,
    derived,
  };
}

/** The published files hold rates but not what was done; both follow from each other with the time. */
function derive(quantities: Map<Quantity, number>): NormalisedRank['derived'] {
  const derived: NormalisedRank['derived'][number][] = [];
  const set = (quantity: NormalisedRank['derived'][number], value: number | undefined) => {
    if (quantities.has(quantity) || value === undefined || !isPlausible(quantity, value)) return;
    quantities.set(quantity, value);
    derived.push(quantity);
  };
  const seconds = quantities.get('seconds');
  const times = (quantity: Quantity, factor: number | undefined) => {
    const value = quantities.get(quantity);
    return value === undefined || factor === undefined ? undefined : value * factor;
  };
  set('samples', wholeNumber(times('samplesPerSecond', seconds)));
  set('bits', wholeNumber(times('bitsPerSecond', seconds)));
  set('samples', wholeNumber(times('bits', 1 / BITS_PER_SAMPLE)));
  set('bits', times('samples', BITS_PER_SAMPLE));
  const perSecond = seconds !== undefined && seconds > 0 ? 1 / seconds : undefined;
  set('samplesPerSecond', times('samples', perSecond));
  set('bitsPerSecond', times('bits', perSecond));
  return derived;
}

function wholeNumber(value: number | undefined): number | undefined {
  if (value === undefined) return undefined;
  const whole = Math.round(value);
  return Math.abs(value - whole) <= COUNT_TOLERANCE * Math.max(1, whole) ? whole : undefined;
}

function measurementOf(
  quantities: ReadonlyMap<Quantity, number>,
  labels: ReadonlyMap<Label, readonly string[]>,
): RankMeasurement {
  const number = (quantity: Quantity) => quantities.get(quantity) ?? null;
  const label = (name: Label) => labels.get(name)?.[0] ?? null;
  return {
    rank: number('rank'),
    worldSize: number('worldSize'),
    runId: label('runId'),
    dataPaths: labels.get('dataPath') ?? [],
    resultPath: label('resultPath'),
    device: label('device'),
    architecture: null,
    coldStart: null,
    batchSize: number('batchSize'),
    batches: number('batches'),
    samples: number('samples'),
    bits: number('bits'),
    seconds: number('seconds'),
    inferenceSeconds: null,
    secondsPerBatch: number('secondsPerBatch'),
    memoryMb: number('memoryMb'),
    allocatedMb: number('allocatedMb'),
    memoryParts: { modelMb: number('modelMb'), imagesMb: number('imagesMb'), librariesMb: number('librariesMb') },
    memoryLimitMb: null,
    process: null,
    samplesPerSecond: number('samplesPerSecond'),
    bitsPerSecond: number('bitsPerSecond'),
    s3: {
      total: number('s3Seconds'),
      average: number('s3AverageSeconds'),
      min: number('s3MinSeconds'),
      max: number('s3MaxSeconds'),
      requests: number('s3Requests'),
      firstRequestAt: number('s3FirstRequestAt'),
      lastResponseAt: number('s3LastResponseAt'),
    },
    gbProcessed: number('gbProcessed'),
    scores: {
      count: null,
      excluded: null,
      mae: number('mae'),
      mse: number('mse'),
      bias: number('bias'),
      precision: number('precision'),
      r2: number('r2'),
      outlier_fraction_005: null,
      outlier_fraction_015: null,
    },
  };
}

/** A measurement that tells nothing. */
export const NOTHING_MEASURED: RankMeasurement = measurementOf(new Map(), new Map());

const LABELS: ReadonlySet<string> = new Set<Label>(['device', 'resultPath', 'dataPath', 'runId']);

function isLabel(of: Quantity | Label): of is Label {
  return LABELS.has(of);
}

function textsOf(value: unknown): string[] | undefined {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined;
}

/** Of a result that this project wrote, but that isn't as it writes them: which fields. */
function problemsOfOurs(input: Readonly<Record<string, unknown>>): string[] | undefined {
  if (!Object.hasOwn(input, 'predictions_key') || !Object.hasOwn(input, 'timing')) return undefined;
  const parsed = parseOrProblems(rankResultSchema, input);
  return 'problems' in parsed
    ? parsed.problems.map(({ path, found, allowed }) => `"${path}": found ${found}; allowed: ${allowed}`)
    : undefined;
}
