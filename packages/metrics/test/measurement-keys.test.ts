import { inferReportSchema } from '@cosmicai/payload';
import { BITS_PER_SAMPLE, normaliseRankResult, readRankResults } from '../src/index.ts';
import { meaningOf } from '../src/measurement-keys.ts';
import { isPlausible, numberOf } from '../src/plausible.ts';
import { ownRankResult } from './own-rank-result.ts';

describe('the name of a field', () => {
  it.each([
    ['total_cpu_time (seconds)', 'seconds', 1],
    ['duration', 'seconds', 1],
    ['elapsed time', undefined, 0],
    ['elapsed [ms]', 'seconds', 1e-3],
    ['runtime_min', 'seconds', 60],
    ['time (s)', 'seconds', 1],
    ['time (sec)', 'seconds', 1],
    ['time (second)', 'seconds', 1],
    ['time (millisecond)', 'seconds', 1e-3],
    ['time (milliseconds)', 'seconds', 1e-3],
    ['time (minutes)', 'seconds', 60],
    ['Total Execution Time of the Process Used in no num number (secs)', undefined, 0],
    ['total execution time of the process used in no num number', 'seconds', 1],
    ['cpu seconds', 'cpuSeconds', 1],
    ['cpu_sec', 'cpuSeconds', 1],
    ['cpu_secs (ms)', 'cpuSeconds', 1e-3],
    ['execution_time (seconds/batch)', 'secondsPerBatch', 1],
    ['execution time (ms per batch)', 'secondsPerBatch', 1e-3],
    ['time (fortnights/batch)', undefined, 0],
    ['memory (mb/batch)', undefined, 0],
    ['time per batch (seconds/batch)', 'secondsPerBatch', 1],
    ['time per batch (ms)', 'secondsPerBatch', 1e-3],
    ['mean time per batch', 'secondsPerBatch', 1],
    ['average batch time', 'secondsPerBatch', 1],
    ['Batch time', 'secondsPerBatch', 1],
    ['secondsPerBatch', 'secondsPerBatch', 1],
    ['memory', 'memoryMb', 1],
    ['mem_mb', 'memoryMb', 1],
    ['RSS (bytes)', 'memoryMb', 2 ** -20],
    ['rss (B)', 'memoryMb', 2 ** -20],
    ['peak_rss_kb', 'memoryMb', 2 ** -10],
    ['maximum memory (KiB)', 'memoryMb', 2 ** -10],
    ['memory peak (GB)', 'memoryMb', 1024],
    ['max memory (GiB)', 'memoryMb', 1024],
    ['memory (MiB)', 'memoryMb', 1],
    ['total_cpu_memory (MB)', 'allocatedMb', 1],
    ['cpu memory (GB)', 'allocatedMb', 1024],
    ['allocated memory (GB)', 'allocatedMb', 1024],
    ['memory allocated', 'allocatedMb', 1],
    ['total_model_memory (GB)', 'modelMb', 1024],
    ['total_image_memory (GB)', 'imagesMb', 1024],
    ['library_overhead_memory (GB)', 'librariesMb', 1024],
    ['throughput', 'bitsPerSecond', 1],
    ['bps', 'bitsPerSecond', 1],
    ['bits per second', 'bitsPerSecond', 1],
    ['bitsPersecond', 'bitsPerSecond', 1],
    ['throughput (bit/s)', 'bitsPerSecond', 1],
    ['throughput (bits/s)', 'bitsPerSecond', 1],
    ['throughput_kbps', 'bitsPerSecond', 1e3],
    ['throughput (kbit/s)', 'bitsPerSecond', 1e3],
    ['throughput_mbps', 'bitsPerSecond', 1e6],
    ['throughput (Mbit/s)', 'bitsPerSecond', 1e6],
    ['throughput_gbps', 'bitsPerSecond', 1e9],
    ['throughput [Gbit/s]', 'bitsPerSecond', 1e9],
    ['throughput (rps)', 'samplesPerSecond', 1],
    ['throughput (sps)', 'samplesPerSecond', 1],
    ['throughput (samples/s)', 'samplesPerSecond', 1],
    ['throughput (samples/sec)', 'samplesPerSecond', 1],
    ['throughput (samples/second)', 'samplesPerSecond', 1],
    ['throughput (records/s)', 'samplesPerSecond', 1],
    ['throughput (images/s)', 'samplesPerSecond', 1],
    ['memory (images/s)', undefined, 0],
    ['throughput samples', 'samplesPerSecond', 1],
    ['throughput samples per second', 'samplesPerSecond', 1],
    ['throughput_records_persec', 'samplesPerSecond', 1],
    ['sample_persec', 'samplesPerSecond', 1],
    ['record persecond', 'samplesPerSecond', 1],
    ['images per sec', 'samplesPerSecond', 1],
    ['samples second', 'samplesPerSecond', 1],
    ['bits', 'bits', 1],
    ['number of galaxies', 'samples', 1],
    ['samples', 'samples', 1],
    ['num_images', 'samples', 1],
    ['records', 'samples', 1],
    ['num_batches', 'batches', 1],
    ['numbatches', 'batches', 1],
    ['Batch-Size', 'batchSize', 1],
    ['batchsize', 'batchSize', 1],
    ['rank', 'rank', 1],
    ['worldsize', 'worldSize', 1],
    ['worldSize', 'worldSize', 1],
    ['s3_total_time (ms)', 's3Seconds', 1e-3],
    ['s3_avg_time (ms)', 's3AverageSeconds', 1e-3],
    ['s3 minimum time (ms)', 's3MinSeconds', 1e-3],
    ['s3_max_time (ms)', 's3MaxSeconds', 1e-3],
    ['s3_num_requests', 's3Requests', 1],
    ['s3_first_request_time', 's3FirstRequestAt', 1],
    ['s3_last_response_time', 's3LastResponseAt', 1],
    ['GB_processed', 'gbProcessed', 1],
    ['MAE', 'mae', 1],
    ['MSE', 'mse', 1],
    ['Bias', 'bias', 1],
    ['NMAD', 'precision', 1],
    ['Precision', 'precision', 1],
    ['R²', 'r2', 1],
    ['R2', 'r2', 1],
    ['device', 'device', 1],
    ['result_path', 'resultPath', 1],
    ['data_path', 'dataPath', 1],
    ['run id', 'runId', 1],
    ['(MB) memory', 'memoryMb', 1],
    ['memory ( GB ) of the process', 'memoryMb', 1024],
    ['memory (parsecs)', undefined, 0],
    ['bits (mb)', undefined, 0],
    ['second', undefined, 0],
    ['', undefined, 0],
    ['colour', undefined, 0],
  ] as const)('%s is %s times %d', (key, of, factor) => {
    expect(meaningOf(key)).toEqual(of === undefined ? undefined : { of, factor });
  });
});

describe('a figure', () => {
  it.each([
    ['samples', [0, 1, 1e12], [-1, 0.5, 1e12 + 1, Infinity]],
    ['batches', [0], [0.5]],
    ['batchSize', [1], [0.5]],
    ['rank', [0], [-1, 0.5]],
    ['worldSize', [1], [0.5]],
    ['s3Requests', [1], [0.5]],
    ['seconds', [0, 1e-9, 1e10], [-1, 0.9e-9, 1.1e10, NaN]],
    ['bias', [-1, 0, 1e18], [-1.1e18, NaN]],
    ['r2', [-1, 1], [-Infinity]],
    ['mae', [0, 0.5, 1e18], [-0.1, 1.1e18]],
    ['secondsPerBatch', [0, 1e-12, 1e17], [-0.1]],
  ] as const)('of %s may be %j and can’t be %j', (quantity, possible, impossible) => {
    expect(possible.map((value) => isPlausible(quantity, value))).toEqual(possible.map(() => true));
    expect(impossible.map((value) => isPlausible(quantity, value))).toEqual(impossible.map(() => false));
  });

  it('is a number, its text, or a list of one', () => {
    expect([1.5, '1.5', ' 2 ', [223.4], ['7'], '0'].map(numberOf)).toEqual([1.5, 1.5, 2, 223.4, 7, 0]);
    for (const none of ['', ' ', 'fast', [], [1, 2], null, undefined, true, {}, NaN, Infinity, 'Infinity', [[1]]])
      expect(numberOf(none)).toBeUndefined();
  });
});

describe('our own results', () => {
  it('are read field by field', () => {
    const result = ownRankResult();
    const { timing } = result;

    const read = normaliseRankResult(result);

    expect(read).toEqual({
      isResult: true,
      notUnderstood: [],
      derived: [],
      measurement: {
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
        seconds: timing.total,
        inferenceSeconds: timing.inference,
        secondsPerBatch: result['execution_time (seconds/batch)'],
        memoryMb: result.peak_rss_mb,
        allocatedMb: null,
        memoryParts: { modelMb: null, imagesMb: null, librariesMb: null },
        memoryLimitMb: result.memory_limit_mb,
        process: {
          cpuSeconds: result.cpu_seconds,
          peakRssMb: result.peak_rss_mb,
          modelLoadSeconds: result.cold_start ? timing.model_load : null,
        },
        samplesPerSecond: result.samples / timing.total,
        bitsPerSecond: result.bits / timing.total,
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
      },
    });
  });

  it('tell of the model where it was loaded, and of no rate over no time', () => {
    const of = (changes: object) => normaliseRankResult({ ...ownRankResult(), ...changes }).measurement;
    const { timing } = ownRankResult();

    expect(of({ cold_start: true }).process!.modelLoadSeconds).toBe(timing.model_load);
    expect(of({ cold_start: false }).process!.modelLoadSeconds).toBeNull();
    expect(of({ timing: { ...timing, total: 0 } })).toMatchObject({ samplesPerSecond: null, bitsPerSecond: null });
    expect(of({ data_path: ['a.pt', 'b.pt'] }).dataPaths).toEqual(['a.pt', 'b.pt']);
  });

  it('that infer printed are read field by field', () => {
    const scores = ownRankResult().prediction_scores;
    const report = {
      'total cpu time (second)': 3,
      'execution time per batch (second)': 0.4,
      'cpu memory (MB)': 310,
      'throughput(bps)': 9e7,
      'batch size': 64,
      'number of batches': 10,
      device: 'cpu',
      sample_persec: 320,
      wall_clock_seconds: 2,
      cpu_seconds: 3.5,
      samples: 640,
      scores,
    };
    const { cpu_seconds: _, ...before } = report;
    expect(inferReportSchema.safeParse(report).error?.issues).toBeUndefined();

    expect(normaliseRankResult(report).measurement).toMatchObject({
      rank: null,
      device: 'cpu',
      batchSize: 64,
      batches: 10,
      samples: 640,
      // By the rate: a galaxy has as many bits as the model takes of it.
      bits: 180_000_000,
      seconds: 2,
      inferenceSeconds: 2,
      secondsPerBatch: 0.4,
      memoryMb: 310,
      process: { cpuSeconds: 3.5, peakRssMb: 310, modelLoadSeconds: null },
      samplesPerSecond: 320,
      bitsPerSecond: 9e7,
      scores,
    });
    expect(normaliseRankResult(before).measurement.process!.cpuSeconds).toBe(3);
  });
});

describe('a result of others', () => {
  it('has nothing but what it says', () => {
    const nothing = normaliseRankResult(7).measurement;
    expect(nothing).toEqual({
      rank: null,
      worldSize: null,
      runId: null,
      dataPaths: [],
      resultPath: null,
      device: null,
      architecture: null,
      coldStart: null,
      batchSize: null,
      batches: null,
      samples: null,
      bits: null,
      seconds: null,
      inferenceSeconds: null,
      secondsPerBatch: null,
      memoryMb: null,
      allocatedMb: null,
      memoryParts: { modelMb: null, imagesMb: null, librariesMb: null },
      memoryLimitMb: null,
      process: null,
      samplesPerSecond: null,
      bitsPerSecond: null,
      s3: {
        total: null,
        average: null,
        min: null,
        max: null,
        requests: null,
        firstRequestAt: null,
        lastResponseAt: null,
      },
      gbProcessed: null,
      scores: {
        count: null,
        excluded: null,
        mae: null,
        mse: null,
        bias: null,
        precision: null,
        r2: null,
        outlier_fraction_005: null,
        outlier_fraction_015: null,
      },
    });
  });

  it.each([
    ['seconds and a rate', { time: 2, sample_persec: 10 }, ['samples', 'bits', 'bitsPerSecond'], 20],
    ['seconds and bits a second', { time: 2, bps: 5 * BITS_PER_SAMPLE }, ['bits', 'samples', 'samplesPerSecond'], 10],
    ['galaxies and seconds', { time: 2, samples: 6 }, ['bits', 'samplesPerSecond', 'bitsPerSecond'], 6],
    ['bits and seconds', { time: 2, bits: 6 * BITS_PER_SAMPLE }, ['samples', 'samplesPerSecond', 'bitsPerSecond'], 6],
    ['galaxies alone', { samples: 6 }, ['bits'], 6],
    ['a rate that is no whole count', { time: 2, sample_persec: 10.3 }, [], null],
    ['galaxies in no time', { time: 0, samples: 6 }, ['bits'], 6],
  ])('from %s follows the rest', (_, input, derived, samples) => {
    const read = normaliseRankResult(input);
    expect([...read.derived].sort()).toEqual([...derived].sort());
    expect(read.measurement.samples).toBe(samples);
  });

  it('may say where its data lie in a list, and leave out what it does not know', () => {
    const { measurement, notUnderstood, isResult } = normaliseRankResult({
      time: null,
      device: null,
      data_path: ['a.pt', 'b.pt'],
      run_id: 'r-1',
      result_path: 7,
      MAE: 0.1,
    });
    expect(measurement).toMatchObject({ dataPaths: ['a.pt', 'b.pt'], runId: 'r-1', seconds: null, device: null });
    expect(notUnderstood).toEqual(['"result_path": 7 is not text']);
    expect(isResult).toBe(true);
    expect(normaliseRankResult({ data_path: ['a.pt', 7] }).notUnderstood).toEqual([
      '"data_path": ["a.pt",7] is not text',
    ]);
  });

  it.each(['time', 'time per batch', 'bps', 'sample_persec', 'mae', 'mse', 'bias', 'precision', 'r2'])(
    'is one by its %s alone',
    (key) => {
      expect(normaliseRankResult({ [key]: 1 }).isResult).toBe(true);
    },
  );

  it.each(['memory', 'samples', 'rank', 'batch size'])('is none by its %s alone', (key) => {
    expect(normaliseRankResult({ [key]: 1 }).isResult).toBe(false);
  });
});

describe('records in a file', () => {
  it('that are no results are told one by one up to twenty', () => {
    const others = (count: number) => readRankResults(Array.from({ length: count }, () => ({})));
    expect(others(20).notes).toHaveLength(20);
    expect(others(20).notes[0]).toBe('Record 1 of 20 is not a result: it has no time, rate or accuracy');
    expect(others(22).notes).toHaveLength(21);
    expect(others(22).notes[20]).toBe('… and 2 more records that are not results');
  });

  it('are ranks by their names only when all are', () => {
    expect(readRankResults({ '0': { time: 1 }, x: { time: 2 } }).ranks).toHaveLength(0);
    expect(readRankResults({ '0': { time: 1 }, '12': { time: 2 } }).ranks).toHaveLength(2);
    expect(readRankResults({ '0': 7 }).notes).toHaveLength(1);
    expect(readRankResults({ '0': null }).notes).toHaveLength(1);
    expect(readRankResults({}).notes).toHaveLength(1);
    expect(readRankResults(null).notes).toEqual(['Record 1 of 1 is not a result: null is not a rank result']);
    expect(readRankResults([[1]]).notes).toEqual(['Record 1 of 1 is not a result: [1] is not a rank result']);
  });

  it('are totals of one process when each has its own gigabytes and none a rank', () => {
    const total = (gb: number, changes = {}) => ({ time: gb, 'GB processed': gb, ...changes });
    expect(readRankResults([total(2), total(3), total(1)]).notes).toEqual([
      'These are 3 totals of one process, each counted from its start: the last one, after 3 GB, is shown.',
    ]);
    expect(readRankResults([total(1), {}, total(2)])).toMatchObject({ ranks: [{}], notes: [{}, {}] });
    expect(readRankResults([total(1)]).ranks).toHaveLength(1);
    expect(readRankResults([total(1)]).notes).toEqual([]);
    expect(readRankResults([total(1), total(2, { rank: 1 })]).ranks).toHaveLength(2);
    expect(readRankResults([total(1), { time: 2 }]).ranks).toHaveLength(2);
    expect(readRankResults([total(1), total(1)]).ranks).toHaveLength(2);
  });
});
