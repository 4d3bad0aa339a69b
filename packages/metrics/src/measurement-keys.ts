/** What a number in a result means, whatever it was called. */
export type Quantity =
  | 'seconds'
  | 'secondsPerBatch'
  | 'cpuSeconds'
  | 'memoryMb'
  | 'allocatedMb'
  | 'modelMb'
  | 'imagesMb'
  | 'librariesMb'
  | 'bitsPerSecond'
  | 'samplesPerSecond'
  | 'bits'
  | 'samples'
  | 'batches'
  | 'batchSize'
  | 'rank'
  | 'worldSize'
  | 's3Seconds'
  | 's3AverageSeconds'
  | 's3MinSeconds'
  | 's3MaxSeconds'
  | 's3Requests'
  | 's3FirstRequestAt'
  | 's3LastResponseAt'
  | 'gbProcessed'
  | 'mae'
  | 'mse'
  | 'bias'
  | 'precision'
  | 'r2';
export type Label = 'device' | 'resultPath' | 'dataPath' | 'runId';

export interface Meaning {
  readonly of: Quantity | Label;
  /** Multiply the number by this to get the unit of the quantity (seconds, MB, bit/s, counts). */
  readonly factor: number;
}

/** Words that tell people how a number was taken but not what it is. */
const FILLERS = new Set(['total', 'process', 'execution', 'number', 'num', 'no', 'of', 'the', 'in', 'used']);

/** Words that mean the same. */
const SYNONYMS = dictionary<string>({
  duration: 'time',
  elapsed: 'time',
  runtime: 'time',
  average: 'avg',
  mean: 'avg',
  minimum: 'min',
  maximum: 'max',
  peak: 'max',
  mem: 'memory',
  rss: 'memory',
  sample: 'samples',
  record: 'samples',
  records: 'samples',
  image: 'images',
  galaxies: 'samples',
  batchsize: 'batch size',
  worldsize: 'world size',
  numbatches: 'batches',
  persec: 'per second',
  persecond: 'per second',
  sec: 'second',
  secs: 'second',
  seconds: 'second',
  nmad: 'precision',
  'r²': 'r2',
});

/** What the remaining words mean, given in words of the reduced vocabulary. */
const MEANINGS = dictionary<Quantity | Label>({
  time: 'seconds',
  'time per batch': 'secondsPerBatch',
  'avg time per batch': 'secondsPerBatch',
  'avg batch time': 'secondsPerBatch',
  'batch time': 'secondsPerBatch',
  'second per batch': 'secondsPerBatch',
  'cpu second': 'cpuSeconds',
  memory: 'memoryMb',
  // The profiler's sum of everything that was ever allocated on the CPU, freed or not: ten times what was in use.
  'cpu memory': 'allocatedMb',
  'allocated memory': 'allocatedMb',
  'memory allocated': 'allocatedMb',
  'model memory': 'modelMb',
  'images memory': 'imagesMb',
  'library overhead memory': 'librariesMb',
  'max memory': 'memoryMb',
  'memory max': 'memoryMb',
  throughput: 'bitsPerSecond',
  bps: 'bitsPerSecond',
  'bits per second': 'bitsPerSecond',
  'throughput samples': 'samplesPerSecond',
  'samples per second': 'samplesPerSecond',
  'images per second': 'samplesPerSecond',
  'samples second': 'samplesPerSecond',
  'throughput samples per second': 'samplesPerSecond',
  bits: 'bits',
  samples: 'samples',
  images: 'samples',
  batches: 'batches',
  'batch size': 'batchSize',
  rank: 'rank',
  'world size': 'worldSize',
  's3 time': 's3Seconds',
  's3 avg time': 's3AverageSeconds',
  's3 min time': 's3MinSeconds',
  's3 max time': 's3MaxSeconds',
  's3 requests': 's3Requests',
  's3 first request time': 's3FirstRequestAt',
  's3 last response time': 's3LastResponseAt',
  'gb processed': 'gbProcessed',
  mae: 'mae',
  mse: 'mse',
  bias: 'bias',
  precision: 'precision',
  r2: 'r2',
  device: 'device',
  'result path': 'resultPath',
  'data path': 'dataPath',
  'run id': 'runId',
});

const TIMES = dictionary({
  s: 1,
  sec: 1,
  second: 1,
  seconds: 1,
  ms: 1e-3,
  millisecond: 1e-3,
  milliseconds: 1e-3,
  min: 60,
  minutes: 60,
});
/** Memory is told in MB of 2^20 bytes by Lambda and of 10^6 by profilers; the published files don't say which, so MB stays MB. */
const MEMORIES = dictionary({
  b: 2 ** -20,
  bytes: 2 ** -20,
  kb: 2 ** -10,
  kib: 2 ** -10,
  mb: 1,
  mib: 1,
  gb: 2 ** 10,
  gib: 2 ** 10,
});
const BIT_RATES = dictionary({
  bps: 1,
  'bit/s': 1,
  'bits/s': 1,
  kbps: 1e3,
  'kbit/s': 1e3,
  mbps: 1e6,
  'mbit/s': 1e6,
  gbps: 1e9,
  'gbit/s': 1e9,
});
const SAMPLE_RATES = new Set(['rps', 'sps', 'samples/s', 'samples/sec', 'samples/second', 'records/s', 'images/s']);

const UNITS_OF = dictionary<ReadonlyMap<string, number>>({
  seconds: TIMES,
  cpuSeconds: TIMES,
  secondsPerBatch: TIMES,
  s3Seconds: TIMES,
  s3AverageSeconds: TIMES,
  s3MinSeconds: TIMES,
  s3MaxSeconds: TIMES,
  memoryMb: MEMORIES,
  allocatedMb: MEMORIES,
  modelMb: MEMORIES,
  imagesMb: MEMORIES,
  librariesMb: MEMORIES,
  bitsPerSecond: BIT_RATES,
});

/**
 * Understands the name of a field in a rank result: case, blanks, underscores and camel case don't matter, units stand in
 * parentheses anywhere or at the end.
 *
 * @returns undefined when the name, or its unit, means nothing here
 */
export function meaningOf(key: string): Meaning | undefined {
  const { name, unit } = splitUnit(key);
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9²]+/)
    .filter((word) => word !== '')
    .flatMap((word) => (SYNONYMS.get(word) ?? word).split(' '));
  return withUnit(words, unit) ?? trailingUnit(words);
}

function withUnit(words: readonly string[], unit: string | undefined): Meaning | undefined {
  const telling = words.filter((word) => !FILLERS.has(word));
  // CPU memory isn't memory in use; CPU time is what the published files call their time.
  const of = [words, telling, telling.filter((word) => word !== 'cpu')]
    .map((said) => MEANINGS.get(said.join(' ')))
    .find((meaning) => meaning !== undefined);
  if (of === undefined) return undefined;
  if (unit === undefined) return { of, factor: 1 };
  if (of === 'bitsPerSecond' && SAMPLE_RATES.has(unit)) return { of: 'samplesPerSecond', factor: 1 };
  const perBatch = /^(.+?)\s*(?:\/|per)\s*batch$/.exec(unit)?.[1];
  if (perBatch !== undefined) {
    const factor = of === 'seconds' || of === 'secondsPerBatch' ? TIMES.get(perBatch) : undefined;
    return factor === undefined ? undefined : { of: 'secondsPerBatch', factor };
  }
  const factor = UNITS_OF.get(of)?.get(unit);
  return factor === undefined ? undefined : { of, factor };
}

/** `duration_seconds`, `memory_mb`, `throughput_rps`: the last word is the unit. */
function trailingUnit(words: readonly string[]): Meaning | undefined {
  return words.length < 2 ? undefined : withUnit(words.slice(0, -1), words.at(-1));
}

function splitUnit(key: string): { name: string; unit: string | undefined } {
  const [, before, unit, after] = /^([^([]*)[([]([^)\]]+)[)\]](.*)$/.exec(key) ?? [];
  return unit === undefined
    ? { name: key, unit: undefined }
    : { name: `${before ?? ''} ${after ?? ''}`, unit: unit.trim().toLowerCase() };
}

/** Names as people write them may be those of an object's own methods; a map has no others than it was given. */
function dictionary<Value>(entries: Readonly<Record<string, Value>>): ReadonlyMap<string, Value> {
  return new Map(Object.entries(entries));
}
