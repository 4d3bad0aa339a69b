import type { Calibration } from './calibration.ts';

/**
 * How far ranks and whole runs of the published system differ. `slowdown` and `runSpread` are fitted to half of its 84 recorded
 * durations and tested on the other half (`pnpm bench:published`, docs/costs.md); three of the 144 ranks of its published results for
 * 25 and 100 MB take more than twice the time of the others.
 */
export const PUBLISHED_SPREAD = {
  stragglers: { probability: 3 / 144, slowdown: 0.85 },
  runSpread: 0.142,
} as const satisfies Partial<Calibration>;

/**
 * The published Python system on Lambda, from what is known of it apart from its durations; rates and stragglers are to be
 * taken from its per-rank results. docs/costs.md tells the source of each figure and how far it matters.
 */
export const PUBLISHED_SYSTEM: Omit<Calibration, 'samplesPerSecond'> = {
  source: 'the published PyTorch system (container image, code and model shipped through the bucket)',
  // Users of PyTorch on Lambda report 5 to 10 s until a model is loaded; the middle.
  coldStartSeconds: 7.5,
  // 60.66 MiB of weights and a folder of scripts, fetched by every new environment.
  coldDownload: { bytes: 64e6, objects: 20 },
  architecture: 'x86_64',
  // A function of 7,168 MB, as many as it has sessions here.
  vcpus: 4,
  // Of the 40 ranks of 25 MB that are no stragglers.
  rateSpread: 0.067,
  ...PUBLISHED_SPREAD,
  failureProbability: 0,
  // torch.load of the whole file, then inference.
  readsWhilePredicting: false,
  objectsWritten: 1,
  memory: { baseMb: 690, mbPerSession: 0, mbPerBatchSample: 0, shareOfPartition: 2 },
  initialize: { coldStartSeconds: 1, memoryMb: 128 },
  // Its Summarize reads one rank's result after the other, in a function of a fourteenth of a processor; the seconds are fitted, too.
  summarize: { coldStartSeconds: 1, memoryMb: 128, readsAtOnce: 1, objectsPerRank: 1, secondsPerObject: 0.06 },
};
