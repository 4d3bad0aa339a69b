import { UserInputError } from '@cosmicai/payload';
import { normaliseRankResult, type RankMeasurement } from '@cosmicai/metrics';
import { calibratedBy, DEFAULT_CALIBRATION } from '../src/index.ts';

describe('a calibration', () => {
  const ranks = (seconds: readonly number[]): RankMeasurement[] =>
    seconds.map((each) => normaliseRankResult({ samples: 1000, duration_seconds: each }).measurement);
  const given = { base: DEFAULT_CALIBRATION, vcpus: 2, source: 'a probe' };

  it('takes the median rate, and a stalled rank as a straggler rather than as spread', () => {
    const calibration = calibratedBy(ranks([4, 4, 4, 4, 4, 4, 4, 4, 4, 24]), given);

    expect(calibration).toMatchObject({ samplesPerSecond: 250, rateSpread: 0, vcpus: 2, source: 'a probe' });
    expect(calibration.stragglers).toEqual({ probability: 0.1, slowdown: 5 });
  });

  it('takes the time of prediction alone where a rank tells it: loading and reading are in the simulation already', () => {
    const told = ranks([5, 5]).map((rank) => ({ ...rank, inferenceSeconds: 4 }));

    expect(calibratedBy(told, given).samplesPerSecond).toBe(250);
  });

  const measured = (
    cpuSeconds: number,
    peakRssMb: number,
    changes: Partial<RankMeasurement> = {},
  ): RankMeasurement => ({
    ...ranks([4])[0]!,
    process: { cpuSeconds, peakRssMb, modelLoadSeconds: null },
    ...changes,
  });

  it('counts the cores that ranks kept busy, so that a crowded machine is no slow one', () => {
    const { vcpus: _, ...unknown } = given;
    const idle = calibratedBy([measured(4, 300)], unknown);
    // The same work in twice the time, for want of a core half the time.
    const crowded = calibratedBy([measured(4, 300, { seconds: 8 })], unknown);

    expect(idle).toMatchObject({ samplesPerSecond: 250, vcpus: 1 });
    expect(crowded).toMatchObject({ samplesPerSecond: 125, vcpus: 0.5 });
    expect(calibratedBy(ranks([4]), unknown).vcpus).toBe(DEFAULT_CALIBRATION.vcpus);
  });

  it('takes the most memory of any rank, less the further sessions that it had on Lambda', () => {
    const both = [measured(4, 300), measured(4, 420)];
    const { mbPerSession } = DEFAULT_CALIBRATION.memory;

    expect(calibratedBy(both, given).memory).toMatchObject({ baseMb: 420, mbPerSession });
    // 3,008 MB show two cores.
    const onLambda = both.map((rank) => ({ ...rank, memoryLimitMb: 3008 }));
    const calibration = calibratedBy(onLambda, { ...given, onLambda: true });
    expect(calibration.memory.baseMb).toBe(420 - mbPerSession);
    expect(calibratedBy(ranks([4]), given).memory).toEqual(DEFAULT_CALIBRATION.memory);
  });

  it('takes cold starts where both the start and the loading of the model are known, doubled for Lambda’s own share', () => {
    const cold = [measured(4, 300, { process: { cpuSeconds: 4, peakRssMb: 300, modelLoadSeconds: 0.5 } })];

    expect(calibratedBy(cold, { ...given, starts: [0.3] })).toMatchObject({
      coldStartSeconds: 1.6,
      coldDownload: { bytes: 0, objects: 0 },
    });
    expect(calibratedBy(cold, { ...given, starts: [0.3], onLambda: true }).coldStartSeconds).toBe(0.8);
    expect(calibratedBy(cold, given).coldStartSeconds).toBe(DEFAULT_CALIBRATION.coldStartSeconds);
  });

  it('of few steady ranks keeps the stragglers it can not have seen', () => {
    expect(calibratedBy(ranks([4, 4]), given).stragglers).toEqual(DEFAULT_CALIBRATION.stragglers);
  });

  it('takes spread and stragglers from the rates, whatever the sizes', () => {
    const { rateSpread, samplesPerSecond, stragglers } = calibratedBy(
      [...ranks([4, 5, 3.2, 4]), ...ranks([8, 9, 13])],
      { ...given, base: { ...given.base, stragglers: { probability: 0.2, slowdown: 1 } } },
    );

    // In the middle lie 5 s; twice that are spread still, 13 s a straggler.
    const logs = [4, 5, 3.2, 4, 8, 9].map((seconds) => Math.log(seconds / 5));
    expect(samplesPerSecond).toBe(200);
    expect(rateSpread).toBeCloseTo(Math.sqrt(logs.reduce((sum, log) => sum + log ** 2, 0) / 5), 12);
    expect(stragglers).toEqual({ probability: 1 / 7, slowdown: expect.closeTo(1.6, 12) as number });
    expect(calibratedBy(ranks([5, 5, 5, 10]), given).rateSpread).toBeCloseTo(Math.sqrt(Math.LN2 ** 2 / 3), 12);
    expect(calibratedBy(ranks([4, 4, 4, 20, 28]), given).stragglers.slowdown).toBeCloseTo(5, 12);
  });

  it('is of the processors that the ranks tell of', () => {
    const [rank] = ranks([4]);
    expect(calibratedBy([{ ...rank!, architecture: 'arm64' }], given).architecture).toBe('arm64');
    expect(calibratedBy([rank!], given).architecture).toBe('x86_64');
  });

  it('keeps the spread that one steady rank can’t show, and takes that of two', () => {
    const base = { ...given.base, rateSpread: 0.3 };
    expect(calibratedBy(ranks([4]), { ...given, base }).rateSpread).toBe(0.3);
    expect(calibratedBy(ranks([4, 4]), { ...given, base }).rateSpread).toBe(0);
  });

  it('believes that there are no stragglers after as many ranks as would have had one', () => {
    const after = (count: number, probability: number) =>
      calibratedBy(ranks(Array<number>(count).fill(4)), {
        ...given,
        base: { ...given.base, stragglers: { probability, slowdown: 5 } },
      }).stragglers;
    expect(after(3, 0.25)).toEqual({ probability: 0.25, slowdown: 5 });
    expect(after(4, 0.25)).toEqual({ probability: 0, slowdown: 0 });
    expect(after(3, 0)).toEqual({ probability: 0, slowdown: 0 });
  });

  it('leaves out ranks that don’t tell samples and seconds both', () => {
    const [whole] = ranks([4]);
    const silent = [
      { ...whole!, samples: null },
      { ...whole!, seconds: null },
      { ...whole!, samples: 0 },
      { ...whole!, seconds: 0 },
    ];
    expect(calibratedBy([whole!, ...silent], given)).toEqual(calibratedBy([whole!], given));
    for (const one of silent) expect(() => calibratedBy([one], given)).toThrow(UserInputError);
  });

  it('counts no cores of ranks without processor time or seconds', () => {
    const { vcpus: _, ...unknown } = given;
    for (const idle of [
      measured(0, 300),
      measured(4, 300, { seconds: null, inferenceSeconds: 4 }),
      measured(4, 300, { seconds: 0, inferenceSeconds: 4 }),
    ])
      expect(calibratedBy([measured(8, 300), idle], unknown).vcpus).toBe(2);
  });

  it('knows no cold start of ranks that had the model already', () => {
    expect(calibratedBy([measured(4, 300)], { ...given, starts: [0.3] })).toMatchObject({
      coldStartSeconds: DEFAULT_CALIBRATION.coldStartSeconds,
      coldDownload: DEFAULT_CALIBRATION.coldDownload,
    });
    expect(calibratedBy(ranks([4]), { ...given, starts: [0.3] }).coldStartSeconds).toBe(
      DEFAULT_CALIBRATION.coldStartSeconds,
    );
  });

  it('takes one session’s memory of ranks elsewhere, and of those on Lambda whose size is not known', () => {
    const of = (memoryLimitMb: number | null, onLambda: boolean) =>
      calibratedBy([measured(4, 420, { memoryLimitMb })], { ...given, onLambda }).memory;
    expect(of(3008, false)).toEqual({
      baseMb: 420,
      mbPerSession: DEFAULT_CALIBRATION.memory.mbPerSession,
      mbPerBatchSample: 0,
      shareOfPartition: 0,
    });
    expect(of(null, true).baseMb).toBe(420);
  });

  it('needs at least one rank that tells samples and seconds', () => {
    expect(() => calibratedBy([normaliseRankResult({}).measurement], given)).toThrow(
      new UserInputError(
        'None of the 1 rank results to calibrate by tells both samples and seconds. Give results of a run that processed data.',
      ),
    );
  });
});
