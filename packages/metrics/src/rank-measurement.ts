import { describe as shown, rankResultSchema, type RankResult } from '@cosmicai/payload';
import { meaningOf, type Label, type Quantity } from './measurement-keys.ts';
import { BITS_PER_SAMPLE } from './sample-bits.ts';

/** What a rank measured, read from any of the result files in use. What a file does not say is null. */
export interface RankMeasurement {
  readonly rank: number | null;
  readonly worldSize: number | null;
  readonly runId: string | null;
  readonly dataPaths: readonly string[];
  readonly resultPath: string | null;
  readonly device: string | null;
  readonly architecture: string | null;
  readonly coldStart: boolean | null;
  readonly batchSize: number | null;
  readonly batches: number | null;
  readonly samples: number | null;
  /** Image and magnitude bits. */
  readonly bits: number | null;
  /** What the file calls its total time: profiler CPU time in the published files, wall clock in ours. */
  readonly seconds: number | null;
  /** Seconds of prediction alone, where the file tells them apart from loading and reading. */
  readonly inferenceSeconds: number | null;
  readonly secondsPerBatch: number | null;
  /** Memory as the file tells it: allocations summed by a profiler in the published files, peak resident memory in ours. */
  readonly memoryMb: number | null;
  readonly memoryLimitMb: number | null;
  /** What the rank's process counted of itself; null in the published files, whose figures are a profiler's. */
  readonly process: {
    readonly cpuSeconds: number;
    readonly peakRssMb: number;
    /** Seconds until it had the model; null where it had it already. */
    readonly modelLoadSeconds: number | null;
  } | null;
  readonly samplesPerSecond: number | null;
  readonly bitsPerSecond: number | null;
  readonly s3: {
    readonly total: number | null;
    readonly average: number | null;
    readonly min: number | null;
    readonly max: number | null;
  };
  readonly scores: Readonly<Record<'mae' | 'mse' | 'bias' | 'precision' | 'r2', number | null>>;
}

export interface NormalisedRank {
  readonly measurement: RankMeasurement;
  /** One sentence for each field that could not be used. */
  readonly notUnderstood: readonly string[];
  /** Quantities the file does not hold but that follow from it, e.g. samples = rate x time. */
  readonly derived: readonly ('samples' | 'bits' | 'samplesPerSecond' | 'bitsPerSecond')[];
}

/** Rates are printed with 15 digits or so; a product further than this from a whole number is no count. */
const COUNT_TOLERANCE = 1e-6;

/**
 * Reads a rank's result whatever its generation: ours, the published ones, the single-machine script's, or anything with
 * names that mean the same.
 *
 * @param input one object, parsed from JSON
 */
export function normaliseRankResult(input: unknown): NormalisedRank {
  const ours = rankResultSchema.safeParse(input);
  if (ours.success) return { measurement: fromRankResult(ours.data), notUnderstood: [], derived: [] };
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return {
      measurement: measurementOf(new Map(), new Map()),
      notUnderstood: [`${shown(input)} is no rank result`],
      derived: [],
    };
  }
  return fromAnyKeys(input as Readonly<Record<string, unknown>>);
}

/**
 * Reads the content of a combined_data.json (an array), a single `<rank>.json` (an object), or an object of ranks.
 */
export function normaliseRankResults(input: unknown): NormalisedRank[] {
  if (Array.isArray(input)) return input.map(normaliseRankResult);
  if (typeof input === 'object' && input !== null) {
    const entries = Object.entries(input);
    const byRank =
      entries.length > 0 && entries.every(([key, value]) => /^\d+$/.test(key) && typeof value === 'object');
    if (byRank)
      return entries.map(([rank, value]) => normaliseRankResult({ rank: Number(rank), ...(value as object) }));
  }
  return [normaliseRankResult(input)];
}

/**
 * Our own result as a measurement. Its rates are over the rank's whole time, so that they fit the duration beside them; the
 * file's `sample_persec` and `throughput_bps` are over the time of inference.
 */
export function fromRankResult(result: RankResult): RankMeasurement {
  const { total } = result.timing;
  return {
    rank: result.rank,
    worldSize: result.world_size,
    runId: result.run_id,
    dataPaths: [result.data_path].flat(),
    resultPath: result.result_path,
    device: result.device,
    architecture: result.architecture,
    coldStart: result.cold_start,
    batchSize: result.batch_size,
    batches: result.num_batches,
    samples: result.samples,
    bits: result.bits,
    seconds: total,
    inferenceSeconds: result.timing.inference,
    secondsPerBatch: result['execution_time (seconds/batch)'],
    memoryMb: result.peak_rss_mb,
    memoryLimitMb: result.memory_limit_mb,
    process: {
      cpuSeconds: result.cpu_seconds ?? result['total_cpu_time (seconds)'],
      peakRssMb: result.peak_rss_mb,
      modelLoadSeconds: result.cold_start ? result.timing.model_load : null,
    },
    samplesPerSecond: total > 0 ? result.samples / total : null,
    bitsPerSecond: total > 0 ? result.bits / total : null,
    s3: {
      total: result.s3_total_time,
      average: result.s3_avg_time,
      min: result.s3_min_time,
      max: result.s3_max_time,
    },
    scores: result.prediction_scores,
  };
}

function fromAnyKeys(input: Readonly<Record<string, unknown>>): NormalisedRank {
  const quantities = new Map<Quantity, number>();
  const labels = new Map<Label, string[]>();
  const notUnderstood: string[] = [];
  for (const [key, value] of Object.entries(input)) {
    const meaning = meaningOf(key);
    if (meaning === undefined) notUnderstood.push(`"${key}": a field of unknown meaning (${shown(value)})`);
    else if (isLabel(meaning.of)) {
      const text = textsOf(value);
      if (text !== undefined) labels.set(meaning.of, text);
      else if (value !== null) notUnderstood.push(`"${key}": ${shown(value)} is no text`);
    } else if (value !== null) {
      const number = numberOf(value);
      const known = quantities.get(meaning.of);
      const scaled = number === undefined ? undefined : number * meaning.factor;
      if (scaled === undefined) notUnderstood.push(`"${key}": ${shown(value)} is no number`);
      else if (known !== undefined && known !== scaled) {
        notUnderstood.push(`"${key}": ${shown(value)} contradicts an earlier field that means the same (${known})`);
      } else quantities.set(meaning.of, scaled);
    }
  }
  const derived = derive(quantities);
  return { measurement: measurementOf(quantities, labels), notUnderstood, derived };
}

/** The published files hold rates but not what was done; both follow from each other with the time. */
function derive(quantities: Map<Quantity, number>): NormalisedRank['derived'] {
  const derived: NormalisedRank['derived'][number][] = [];
  const set = (quantity: NormalisedRank['derived'][number], value: number | undefined) => {
    if (quantities.has(quantity) || value === undefined || !Number.isFinite(value)) return;
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
    memoryLimitMb: null,
    process: null,
    samplesPerSecond: number('samplesPerSecond'),
    bitsPerSecond: number('bitsPerSecond'),
    s3: {
      total: number('s3Seconds'),
      average: number('s3AverageSeconds'),
      min: number('s3MinSeconds'),
      max: number('s3MaxSeconds'),
    },
    scores: {
      mae: number('mae'),
      mse: number('mse'),
      bias: number('bias'),
      precision: number('precision'),
      r2: number('r2'),
    },
  };
}

const LABELS: ReadonlySet<string> = new Set<Label>(['device', 'resultPath', 'dataPath', 'runId']);

function isLabel(of: Quantity | Label): of is Label {
  return LABELS.has(of);
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function textsOf(value: unknown): string[] | undefined {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined;
}
