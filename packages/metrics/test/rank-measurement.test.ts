import fc from 'fast-check';
import { processTotal, PUBLISHED_SAMPLES, publishedResults } from '../../../test/published-results.ts';
import { BITS_PER_SAMPLE, normaliseRankResult, ratesOf, readRankResults } from '../src/index.ts';
import { ownRankResult } from './own-rank-result.ts';

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
      memoryMb: null,
      allocatedMb: 71461.28,
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
        'memory (MB)': 24000,
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

  const newest = {
    'total_cpu_time (seconds)': 20,
    'total_cpu_memory (MB)': 70_000,
    'total_process_memory (MB)': 6900,
    'library_overhead_memory (MB)': 6800,
    'total_image_memory (MB)': 20,
    'total_model_memory (MB)': 80,
    'execution_time (seconds/batch)': 2,
    num_batches: 10,
    batch_size: 512,
    device: 'cpu',
    throughput_bps: 250 * BITS_PER_SAMPLE,
    sample_persec: [250],
    result_path: 'scaling/1',
    data_path: 'parts/7.pt',
    s3_num_requests: 3,
    s3_total_time: 1.5,
    s3_avg_time: 0.5,
    s3_min_time: 0.4,
    s3_max_time: 0.6,
    s3_first_request_time: 1_700_000_000.5,
    s3_last_response_time: 1_700_000_002.5,
  };

  it('of the newest published script tells memory in use from what a profiler saw allocated, whichever comes first', () => {
    for (const fields of [Object.entries(newest), Object.entries(newest).reverse()]) {
      const { measurement, notUnderstood } = normaliseRankResult(Object.fromEntries(fields));

      expect(notUnderstood).toEqual([]);
      expect(measurement).toMatchObject({
        memoryMb: 6900,
        allocatedMb: 70_000,
        memoryParts: { librariesMb: 6800, imagesMb: 20, modelMb: 80 },
        samplesPerSecond: 250,
        samples: 5000,
        s3: { requests: 3, total: 1.5, firstRequestAt: 1_700_000_000.5, lastResponseAt: 1_700_000_002.5 },
      });
    }
  });

  it('tells what can’t have been measured, and derives nothing from it', () => {
    const { measurement, notUnderstood } = normaliseRankResult({
      'total_cpu_time (seconds)': -3,
      sample_persec: 250,
      num_batches: 2.5,
      throughput_bps: 1e300,
      rank: -1,
      Bias: -0.01,
      R2: -2,
    });

    expect(measurement).toMatchObject({ seconds: null, samples: null, bits: null, batches: null, rank: null });
    expect(measurement.scores).toMatchObject({ bias: -0.01, r2: -2 });
    expect(notUnderstood).toEqual([
      '"total_cpu_time (seconds)": -3 can\'t be',
      '"num_batches": 2.5 can\'t be',
      '"throughput_bps": 1e+300 can\'t be',
      '"rank": -1 can\'t be',
    ]);
  });

  it('of ours that was changed says which field is not as we write it', () => {
    const { measurement, isResult, notUnderstood } = normaliseRankResult({ ...ownRankResult(), samples: 'many' });

    expect(isResult).toBe(true);
    expect(measurement).toMatchObject({ rank: 2, batchSize: 128 });
    expect(notUnderstood).toEqual([expect.stringMatching(/^"samples": found "many"; allowed: /)]);
  });

  it('may have names that objects have of their own', () => {
    const { notUnderstood } = normaliseRankResult(
      JSON.parse('{"constructor": 1, "__proto__": 2, "time (constructor)": 3, "toString per batch": 4}'),
    );

    expect(notUnderstood).toHaveLength(4);
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
      '"duration": "fast" is not a number',
      '"total time (fortnights)": a field of unknown meaning (1)',
      '"colour": a field of unknown meaning ("blue")',
      '"batch_size": 64 contradicts an earlier field that means the same (32)',
    ]);
  });

  it('of any shape never throws, and what is no object is listed as not understood', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (input) => {
        const { ranks, notes } = readRankResults(input);
        if (typeof input !== 'object' || input === null) {
          expect(ranks).toEqual([]);
          expect(notes).toHaveLength(1);
        }
      }),
      { seed: 4, numRuns: 500 },
    );
  });
});

describe('results of several ranks', () => {
  it('may be an array, one rank, or an object of ranks', () => {
    const rank = { 'total_cpu_time (seconds)': 2 };

    expect(readRankResults([rank, rank]).ranks).toHaveLength(2);
    expect(readRankResults(rank).ranks).toHaveLength(1);
    expect(readRankResults({ '0': rank, '7': rank }).ranks.map(({ measurement }) => measurement.rank)).toEqual([0, 7]);
  });

  it('that one process wrote as it went on are its totals, of which the last one counts', () => {
    const totals = [1, 3, 2].map(processTotal);
    const { ranks, notes } = readRankResults(totals);

    expect(ranks.map(({ measurement: { seconds, samples, memoryMb } }) => [seconds, samples, memoryMb])).toEqual([
      [600, 153_600, 1603],
    ]);
    expect(notes).toEqual([expect.stringMatching(/3 totals of one process.* after 3 GB/)]);
    // The same number of gigabytes twice is no series of one process.
    expect(readRankResults([...totals, totals[0]]).ranks).toHaveLength(4);
  });

  it('are those in which something was measured; what else there is, is told', () => {
    const { ranks, notes } = readRankResults([{ 'total time': 1 }, { bucket: 'b', batch_size: 4, world_size: 2 }, 7]);

    expect(ranks).toHaveLength(1);
    expect(notes).toEqual([
      'Record 2 of 3 is not a result: "bucket": a field of unknown meaning ("b")',
      'Record 3 of 3 is not a result: 7 is not a rank result',
    ]);
  });

  it('in the shape of the published ones: 41 ranks, 52,398 galaxies, 8.6 Gbit and their rates', () => {
    // Their rates have 12 digits, as text would have.
    const printed = publishedResults().map((result) =>
      Object.fromEntries(
        Object.entries(result).map(([key, value]) => [
          key,
          typeof value === 'number' ? Number(value.toPrecision(12)) : value,
        ]),
      ),
    );
    const { ranks } = readRankResults(printed);

    expect(ranks).toHaveLength(41);
    expect(ranks.flatMap(({ notUnderstood }) => notUnderstood)).toEqual([]);
    expect(ranks.slice(0, 4).map(({ measurement }) => measurement.dataPaths)).toEqual([
      ['25MB/1.pt'],
      ['25MB/10.pt'],
      ['25MB/11.pt'],
      ['25MB/12.pt'],
    ]);
    const work = ranks.map(({ measurement: { samples, bits, seconds } }) => ({
      samples: samples!,
      bits: bits!,
      seconds: seconds!,
    }));
    expect(work.every(({ samples, bits }) => samples === PUBLISHED_SAMPLES && bits === 209_796_480)).toBe(true);
    const rates = ratesOf(work, 26.5);
    expect(rates.summedOverRanks.bitsPerSecond / 1_518_881_754.699665).toBeCloseTo(1, 9);
    expect(rates.bySlowestRank!.bitsPerSecond).toBeCloseTo(8_601_655_680 / 20, 4);
    expect(rates.byWallClock!.samplesPerSecond).toBeCloseTo((41 * 1278) / 26.5, 8);
  });
});
