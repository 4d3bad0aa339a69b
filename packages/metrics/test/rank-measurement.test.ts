import fc from 'fast-check';
import { BITS_PER_SAMPLE, normaliseRankResult, normaliseRankResults, ratesOf } from '../src/index.ts';
import { ownRankResult } from './own-rank-result.ts';
import { publishedFile } from './reference.ts';

describe('a rank result', () => {
  it('with the published keys is understood, and samples and bits follow from its rates', () => {
    const { measurement, notUnderstood, derived } = normaliseRankResult({
      'total_cpu_time (seconds)': 10,
      'total_cpu_memory (MB)': 71461.28,
      'execution_time (seconds/batch)': 2.387,
      num_batches: 10,
      batch_size: 512,
      device: 'cpu',
      throughput_bps: 511.3 * BITS_PER_SAMPLE,
      sample_persec: 511.3,
      result_path: 'results/1',
      data_path: '100MB/1.pt',
      s3_total_time: 1.5,
      s3_avg_time: 0.5,
      s3_min_time: 0.4,
      s3_max_time: 0.6,
    });

    expect(notUnderstood).toEqual([]);
    expect(derived).toEqual(['samples', 'bits']);
    expect(measurement).toMatchObject({
      seconds: 10,
      memoryMb: 71461.28,
      secondsPerBatch: 2.387,
      batches: 10,
      batchSize: 512,
      device: 'cpu',
      samples: 5113,
      bits: 5113 * BITS_PER_SAMPLE,
      dataPaths: ['100MB/1.pt'],
      resultPath: 'results/1',
      s3: { total: 1.5, average: 0.5, min: 0.4, max: 0.6 },
    });
  });

  it.each([
    [
      'single machine',
      {
        'total cpu time (second)': 7.21,
        'execution time per batch (second)': 0.7,
        'cpu memory (MB)': 24000,
        'throughput(bps)': 28.5e6,
        'batch size': '128',
        'number of batches': 10,
        device: 'cpu',
        MAE: 0.01252,
        MSE: 0.000297,
        Bias: 0.002024,
        Precision: 0.011136,
        R2: 0.974674,
      },
    ],
    [
      'process totals',
      {
        'total_execution_time (seconds)': 7.21,
        execution_time_per_batch: 0.7,
        'total_process_memory (MB)': 24000,
        throughput_bps: 28.5e6,
        batch_size: 128,
        num_batches: 10,
        device: 'cpu',
        mae: 0.01252,
        mse: 0.000297,
        bias: 0.002024,
        NMAD: 0.011136,
        'R²': 0.974674,
      },
    ],
    [
      'camel case',
      {
        totalCpuTime: 7.21,
        executionTimePerBatch: 0.7,
        peakMemory: '24000',
        bitsPerSecond: 28.5e6,
        batchSize: 128,
        numBatches: 10,
        Device: 'cpu',
        Mae: 0.01252,
        Mse: 0.000297,
        BIAS: 0.002024,
        precision: 0.011136,
        r2: 0.974674,
      },
    ],
    [
      'other units',
      {
        'Total duration [ms]': 7210,
        'Batch time (ms)': 700,
        'Max memory (GB)': 24000 / 1024,
        'throughput (Mbit/s)': 28.5,
        'batch-size': 128,
        'Number of Batches': 10,
        device: 'cpu',
        mae: 0.01252,
        mse: 0.000297,
        bias: 0.002024,
        precision: 0.011136,
        r2: 0.974674,
      },
    ],
    [
      'table columns',
      {
        duration_seconds: 7.21,
        'time per batch': 0.7,
        memory_mb: 24000,
        'throughput gbps': 0.0285,
        batch_size: 128,
        batches: 10,
        device: 'cpu',
        mae: 0.01252,
        mse: 0.000297,
        bias: 0.002024,
        precision: 0.011136,
        r2: 0.974674,
      },
    ],
  ])('in other words (%s) means the same', (_, input) => {
    const { measurement, notUnderstood } = normaliseRankResult(input);

    expect(notUnderstood).toEqual([]);
    expect(measurement.seconds).toBeCloseTo(7.21, 10);
    expect(measurement.secondsPerBatch).toBeCloseTo(0.7, 10);
    expect(measurement.memoryMb).toBeCloseTo(24000, 6);
    expect(measurement.bitsPerSecond).toBeCloseTo(28.5e6, 3);
    expect(measurement).toMatchObject({
      batchSize: 128,
      batches: 10,
      device: 'cpu',
      scores: { mae: 0.01252, mse: 0.000297, bias: 0.002024, precision: 0.011136, r2: 0.974674 },
    });
  });

  it('of ours tells wall clock and processor time apart, also where it was written before there was cpu_seconds', () => {
    const { cpu_seconds: cpuSeconds, ...before } = ownRankResult({ 'total_cpu_time (seconds)': 2.3 });
    const [now, then] = [ownRankResult(), before].map((result) => normaliseRankResult(result).measurement);

    expect(cpuSeconds).toBe(2.4);
    expect(now!.process!.cpuSeconds).toBe(2.4);
    expect(then!.process!.cpuSeconds).toBe(2.3);
    // The rank's whole time in both.
    for (const measurement of [now!, then!])
      expect(measurement).toMatchObject({ seconds: 2, inferenceSeconds: 1.5, samplesPerSecond: 150 });
  });

  it('lists what was not understood, with what was found', () => {
    const { measurement, notUnderstood } = normaliseRankResult({
      throughput_rps: 71.42,
      duration: 'fast',
      'total time (fortnights)': 1,
      colour: 'blue',
      'batch size': 32,
      batch_size: 64,
    });

    expect(measurement).toMatchObject({ samplesPerSecond: 71.42, seconds: null, batchSize: 32 });
    expect(notUnderstood).toEqual([
      '"duration": "fast" is no number',
      '"total time (fortnights)": a field of unknown meaning (1)',
      '"colour": a field of unknown meaning ("blue")',
      '"batch_size": 64 contradicts an earlier field that means the same (32)',
    ]);
  });

  it('of any shape never throws, and what is no object is listed as not understood', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (input) => {
        const ranks = normaliseRankResults(input);
        expect(Array.isArray(ranks)).toBe(true);
        if (typeof input !== 'object' || input === null) expect(ranks[0]!.notUnderstood).toHaveLength(1);
      }),
      { seed: 4, numRuns: 500 },
    );
  });
});

describe('results of several ranks', () => {
  it('may be an array, one rank, or an object of ranks', () => {
    const rank = { 'total_cpu_time (seconds)': 2 };

    expect(normaliseRankResults([rank, rank])).toHaveLength(2);
    expect(normaliseRankResults(rank)).toHaveLength(1);
    expect(normaliseRankResults({ '0': rank, '7': rank }).map(({ measurement }) => measurement.rank)).toEqual([0, 7]);
  });

  const combined = publishedFile('cai_25MB_1GB_run1_combined_data.json');
  (combined === undefined ? it.skip : it)('as published: 41 ranks, 52,398 galaxies, 8.6 Gbit and their rates', () => {
    const ranks = normaliseRankResults(JSON.parse(combined!));

    expect(ranks).toHaveLength(41);
    expect(ranks.flatMap(({ notUnderstood }) => notUnderstood)).toEqual([]);
    const work = ranks.map(({ measurement: { samples, bits, seconds } }) => ({
      samples: samples!,
      bits: bits!,
      seconds: seconds!,
    }));
    expect(work.every(({ samples, bits }) => samples === 1278 && bits === 209_796_480)).toBe(true);
    const rates = ratesOf(work, 26.642);
    expect(rates.summedOverRanks.bitsPerSecond).toBeCloseTo(1_506_039_734.242, 2);
    expect(rates.bySlowestRank!.bitsPerSecond).toBeCloseTo(8_601_655_680 / 19.966605546999958, 4);
    expect(rates.byWallClock!.samplesPerSecond).toBeCloseTo((41 * 1278) / 26.642, 8);
  });
});
