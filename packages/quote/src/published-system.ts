import type { Calibration } from './calibration.ts';

/**
 * The published Python system on Lambda, from what is known of it apart from its durations; rates and stragglers are to be
 * taken from its per-rank results with `calibratedBy`. docs/costs.md tells the source of each figure and how far it matters.
 */
export const PUBLISHED_SYSTEM: Omit<Calibration, 'samplesPerSecond' | 'vcpus'> = {
  source: 'the published PyTorch system (container image, code and model shipped through the bucket)',
  // Users of PyTorch on Lambda report 5 to 10 s until a model is loaded; the middle.
  coldStartSeconds: 7.5,
  // 60.66 MiB of weights and a folder of scripts, fetched by every new environment.
  coldDownload: { bytes: 64e6, objects: 20 },
  rateSpread: 0.1,
  stragglers: { probability: 0, seconds: 0 },
  failureProbability: 0,
  // torch.load of the whole file, then inference.
  readsWhilePredicting: false,
  objectsWritten: 1,
  memory: { baseMb: 690, mbPerSession: 0, mbPerBatchSample: 0, shareOfPartition: 2 },
  initialize: { coldStartSeconds: 1, memoryMb: 128 },
  // Its Summarize reads one rank's result after the other.
  summarize: { coldStartSeconds: 1, memoryMb: 128, readsAtOnce: 1 },
};
