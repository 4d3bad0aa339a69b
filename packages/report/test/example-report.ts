import {
  costOfRun,
  PredictionMetrics,
  pricesOf,
  ratesOf,
  Reduction,
  seededRandom,
  standardNormal,
  type Random,
} from '@cosmicai/metrics';
import { encodeFlux } from '@cosmicai/runs/gather';
import { graphOf, machineHistory, type RankTimeline, type RunReport } from '../src/index.ts';

const PER_RANK = 1278;
const BITS = 164_160;

type Choice = NonNullable<RunReport['frontier']>['points'][number];

function choice({
  seconds,
  usd,
  ...fields
}: Pick<Choice, 'worldSize' | 'memoryMb'> & { seconds: number; usd: number }) {
  const around = (middle: number) => ({ median: middle, low: 0.9 * middle, high: 1.2 * middle });
  return {
    ...fields,
    filesPerRank: 1,
    architecture: 'arm64',
    childType: 'STANDARD',
    maxConcurrency: 1000,
    precision: 'measured',
    seconds: around(seconds),
    costUsd: around(usd),
    coldStarts: fields.worldSize,
  } satisfies Choice;
}

/** A run that could have been: consistent figures, drawn with a seed. */
export function exampleReport({ ranks = 4, galaxies = 5000, seed = 1 } = {}): RunReport {
  const random = seededRandom(seed);
  const timeline = Array.from({ length: ranks }, (_, rank) => rankTimelineOf(rank, random));
  const rows = timeline.map(({ rank, phases }) => {
    const seconds = phases.at(-1)!.end - phases[1]!.start;
    return {
      rank,
      samples: PER_RANK,
      seconds,
      initSeconds: 1.1 + 0.2 * random(),
      memoryMb: 230 + 20 * random(),
      memoryLimitMb: 2048,
      samplesPerSecond: PER_RANK / seconds,
      bitsPerSecond: (PER_RANK * BITS) / seconds,
      usd: 2 * seconds * 0.0000133334,
      label: String(rank),
      allocatedMb: null,
    };
  });
  const predictions = Array.from({ length: galaxies }, (_, index) => {
    const z_spec = 0.02 + 0.11 * Math.abs(standardNormal(random)) + 0.05 * random();
    const off = random() < 0.01 ? 0.15 * standardNormal(random) : 0.014 * standardNormal(random);
    return { index, z_spec, z_pred: z_spec + (off + 0.002) * (1 + z_spec) };
  });
  const metrics = new PredictionMetrics();
  for (const { z_spec, z_pred } of predictions) metrics.add(z_spec, z_pred);
  const reduction = new Reduction();
  const place = { rank: 0, partition: '25MB/1.pt', flags: 0 };
  for (const galaxy of predictions) reduction.addRow({ ...place, ...galaxy });
  const { worst, ...grids } = reduction.predictions();
  const wallClockSeconds = Math.max(...timeline.map(({ phases }) => phases.at(-1)!.end)) + 1.6;
  const { perRank: _, ...rates } = ratesOf(
    rows.map(({ seconds, samples }) => ({ samples, bits: samples * BITS, seconds })),
    wallClockSeconds,
  );
  const prices = pricesOf('us-east-1');
  return {
    title: 'Simulated survey, world size 4',
    runId: '20260321-101500-4f2a',
    status: 'SUCCEEDED',
    startedAt: '2026-03-21T10:15:00.000Z',
    generatedAt: '2026-03-21T10:15:40.000Z',
    wallClockSeconds,
    samples: ranks * PER_RANK,
    bits: ranks * PER_RANK * BITS,
    scores: metrics.finish(),
    flagged: { galaxies: 3, by_flag: { image_blank: 2, magnitude_placeholder: 1, truth_unusable: 1 } },
    unflaggedScores: metrics.finish(),
    ranks: rows,
    failedRanks: [],
    rates,
    timeline,
    meeting: null,
    machine: exampleMachine(wallClockSeconds),
    predictions: grids,
    cutouts: worst.map(({ place: _place, ...galaxy }) => ({
      ...galaxy,
      size: 32,
      flux_base64: encodeFlux(exampleGalaxy(random)),
    })),
    cost: costOfRun(
      {
        lambda: [
          {
            name: 'inference',
            architecture: 'arm64',
            memoryMb: 2048,
            ephemeralStorageMb: 512,
            requests: ranks,
            billedSeconds: rows.reduce((sum, { seconds }) => sum + seconds, 0),
          },
        ],
        stepFunctions: { standardTransitions: 6, expressRequests: ranks },
        s3: { puts: 4 + 3 * ranks, lists: 2, gets: 2 * ranks },
      },
      prices,
    ),
    costNote: null,
    prices,
    frontier: {
      points: [
        choice({ worldSize: ranks, memoryMb: 3008, seconds: 6, usd: 0.002 }),
        choice({ worldSize: Math.ceil(ranks / 2), memoryMb: 1769, seconds: 14, usd: 0.0012 }),
      ],
      basis: 'the ranks of this run, on Lambda',
      own: { seconds: wallClockSeconds, usd: 0.0025 },
    },
    quoteBasis: 'a probe of one process',
    reconciliation: [
      {
        what: 'duration',
        unit: 's',
        quoted: 9.1,
        low: 8.2,
        high: 11.4,
        actual: wallClockSeconds,
        deviation: wallClockSeconds / 9.1 - 1,
        withinRange: wallClockSeconds <= 11.4,
      },
      {
        what: 'peak memory',
        unit: 'MB',
        quoted: 420,
        low: 0,
        high: 420,
        actual: 250,
        deviation: 250 / 420 - 1,
        withinRange: true,
      },
      {
        what: 'cold starts',
        unit: '',
        quoted: ranks,
        low: ranks,
        high: ranks,
        actual: ranks - 1,
        deviation: -1 / ranks,
        withinRange: false,
      },
    ],
    model: {
      name: 'astromae.onnx',
      arithmetic: ['8 bits, weights of 7, from the model 9f2b'],
      sha256: ['9f2b61c0f4a5d1d84f7c4b9a5e0c3d2118aa7b6c5d4e3f20112233445566778a'],
    },
    configuration: { bucket: 'cosmicai-data', data_prefix: '25MB', world_size: 4, batch_size: 128, fmi_enabled: false },
    versions: { cosmicai: '0.1.0', node: 'v24.21.0', 'onnxruntime-node': '1.30.0' },
    warnings: [],
    notChecked: ['Whether the images are in nanomaggies: too few galaxies.'],
    proof: '1,150 of 1,200 galaxies, each once; 1 model; 7 of 7 files unchanged',
    notUnderstood: [],
  };
}

function rankTimelineOf(rank: number, random: Random): RankTimeline {
  const lengths = [
    ['queue', 0.9 + rank / 300],
    ['cold start', 1.1 + 0.2 * random()],
    ['model load', 0.3 + 0.1 * random()],
    ['download', 0.2 + 0.2 * random()],
    ['inference', 3.4 + 0.5 * random() + (random() < 0.03 ? 4 : 0)],
    ['upload', 0.15 + 0.1 * random()],
  ] as const;
  let at = 0;
  return {
    rank,
    status: 'succeeded',
    phases: lengths.map(([phase, length]) => ({ phase, start: at, end: (at += length) })),
  };
}

function exampleMachine(end: number): NonNullable<RunReport['machine']> {
  const next = (Type: string, Next: string) => ({ Type, Next });
  const graph = graphOf({
    StartAt: 'Initialize',
    States: {
      Initialize: next('Task', 'FmiEnabled'),
      FmiEnabled: { Type: 'Choice', Choices: [{ Next: 'CheckRendezvous' }], Default: 'Infer' },
      CheckRendezvous: { ...next('Task', 'Infer'), Catch: [{ Next: 'RendezvousFailed' }] },
      RendezvousFailed: { Type: 'Fail' },
      Infer: { ...next('Map', 'Summarize'), Catch: [{ Next: 'Summarize' }] },
      Summarize: next('Task', 'RunSucceeded'),
      RunSucceeded: { Type: 'Choice', Choices: [{ Next: 'Done' }], Default: 'RunFailed' },
      Done: { Type: 'Succeed' },
      RunFailed: { Type: 'Fail' },
    },
  });
  const since = Date.parse('2026-03-21T10:15:00.000Z');
  const at = (seconds: number) => new Date(since + seconds * 1000).toISOString();
  const during = (state: string, start: number, stop: number) => [
    { type: 'StateEntered', state, time: at(start) },
    { type: 'StateExited', state, time: at(stop) },
  ];
  return machineHistory(
    graph,
    [
      ...during('Initialize', 0, 0.8),
      ...during('FmiEnabled', 0.8, 0.81),
      ...during('Infer', 0.81, end - 1),
      { type: 'StateRetried', state: 'Summarize', time: at(end - 0.9) },
      ...during('Summarize', end - 1, end - 0.05),
      ...during('RunSucceeded', end - 0.05, end - 0.04),
      ...during('Done', end - 0.04, end - 0.03),
      { type: 'StateFailed', state: 'Infer', time: at(2), in: 'Infer[3]' },
    ],
    since,
  );
}

/** A spiral-ish blob of light with noise, bands u, g, r, i, z. */
function exampleGalaxy(random: Random): Float32Array {
  const size = 32;
  const [radius, tilt, colour] = [2 + 3 * random(), Math.PI * random(), 0.6 + 0.8 * random()];
  const flux = new Float32Array(5 * size * size);
  [0.15, 0.5, 1, 1.35, 1.6].forEach((brightness, band) => {
    for (let pixel = 0; pixel < size * size; pixel++) {
      const [x, y] = [(pixel % size) - 15.5, Math.floor(pixel / size) - 15.5];
      const along = x * Math.cos(tilt) + y * Math.sin(tilt);
      const across = (-x * Math.sin(tilt) + y * Math.cos(tilt)) / 0.6;
      const distance = Math.hypot(along, across);
      const light = brightness ** colour * 4 * Math.exp(-distance / radius);
      flux[band * size * size + pixel] = light + 0.04 * standardNormal(random);
    }
  });
  return flux;
}
