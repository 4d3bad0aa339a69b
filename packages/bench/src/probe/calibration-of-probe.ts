import { fromRankResult } from '@cosmicai/metrics';
import { calibratedBy, DEFAULT_CALIBRATION, type Calibration } from '@cosmicai/quote';
import type { Probe } from './probe.ts';

/** What a probe on this machine says of ranks on Lambda. */
export function calibrationOfProbe(probe: Probe): Calibration {
  const { rateSpread, stragglers } = DEFAULT_CALIBRATION;
  return {
    ...calibratedBy(probe.ranks.map(fromRankResult), {
      base: DEFAULT_CALIBRATION,
      source: `a probe on this machine (${probe.machine}), not on Lambda`,
      starts: [probe.startSeconds],
    }),
    // One process tells nothing of how ranks differ.
    rateSpread,
    stragglers,
    coldDownload: { bytes: probe.modelDownloadBytes, objects: probe.modelDownloadObjects },
  };
}
