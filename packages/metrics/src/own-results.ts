import type { InferReport, RankResult } from '@cosmicai/payload';
import { NOTHING_MEASURED } from './foreign-result.ts';
import type { RankMeasurement } from './rank-measurement.ts';

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
    allocatedMb: null,
    memoryParts: { modelMb: null, imagesMb: null, librariesMb: null },
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
      requests: null,
      firstRequestAt: null,
      lastResponseAt: null,
    },
    gbProcessed: null,
    scores: result.prediction_scores,
  };
}

/** What `infer --json` printed. Before there was `cpu_seconds`, its total time was processor time. */
export function fromInferReport(report: InferReport): RankMeasurement {
  const seconds = report.wall_clock_seconds;
  const { scores } = report;
  return {
    ...NOTHING_MEASURED,
    device: report.device,
    batchSize: report['batch size'],
    batches: report['number of batches'],
    samples: report.samples,
    bits: Math.round(report['throughput(bps)'] * seconds),
    seconds,
    inferenceSeconds: seconds,
    secondsPerBatch: report['execution time per batch (second)'],
    memoryMb: report['cpu memory (MB)'],
    process: {
      cpuSeconds: report.cpu_seconds ?? report['total cpu time (second)'],
      peakRssMb: report['cpu memory (MB)'],
      modelLoadSeconds: null,
    },
    samplesPerSecond: report.sample_persec,
    bitsPerSecond: report['throughput(bps)'],
    scores,
  };
}
