import { parseReportLine } from '@cosmicai/payload';
import { normaliseRankResult, pricesOf, runTable } from '../src/index.ts';

const measured = (rank: number, seconds: number) => ({
  ...normaliseRankResult({ rank, samples: 1000, duration_seconds: seconds, memory_mb: 300 }).measurement,
  memoryLimitMb: 2048,
  architecture: 'arm64',
});

describe('the table of a run', () => {
  it('takes duration, init, memory and price from the REPORT line where there is one', () => {
    const report = parseReportLine(
      'REPORT RequestId: a\tDuration: 4000 ms\tBilled Duration: 4500 ms\tMemory Size: 3008 MB\tMax Memory Used: 397 MB\tInit Duration: 500 ms',
    )!;

    const table = runTable([measured(1, 5), measured(0, 4)], {
      prices: pricesOf(),
      reports: new Map([[0, report]]),
      wallClockSeconds: 10,
    });

    expect(
      table.rows.map(({ rank, seconds, initSeconds, memoryMb, memoryLimitMb }) => [
        rank,
        seconds,
        initSeconds,
        memoryMb,
        memoryLimitMb,
      ]),
    ).toEqual([
      [0, 4, 0.5, 397, 3008],
      [1, 5, null, 300, 2048],
    ]);
    expect(table.rows[0]!.usd).toBeCloseTo((3008 / 1024) * 4.5 * 0.0000133334 + 0.0000002, 12);
    expect(table.rows[1]!.usd).toBeCloseTo(2 * 5 * 0.0000133334 + 0.0000002, 12);
    expect(table.usd).toBeCloseTo(table.rows[0]!.usd! + table.rows[1]!.usd!, 12);
    expect(table.rates.byWallClock?.samplesPerSecond).toBe(200);
  });

  it('has no price where memory or architecture is not known, and then no sum', () => {
    const table = runTable([measured(0, 4), { ...measured(1, 4), memoryLimitMb: null }], { prices: pricesOf() });

    expect(table.rows.map(({ usd }) => usd === null)).toEqual([false, true]);
    expect(table.usd).toBeNull();
  });

  it('knows rows by their partitions, in natural order, where the files tell no rank', () => {
    const read = (dataPath?: string) =>
      normaliseRankResult({ 'total_cpu_time (seconds)': 2, ...(dataPath !== undefined && { data_path: dataPath }) })
        .measurement;
    const rowsOf = (paths: readonly (string | undefined)[]) =>
      runTable(paths.map(read), { prices: pricesOf() }).rows.map(({ rank, label }) => [rank, label]);

    expect(rowsOf(['p/1.pt', 'p/10.pt', 'p/2.pt'])).toEqual([
      [null, 'p/1.pt'],
      [null, 'p/2.pt'],
      [null, 'p/10.pt'],
    ]);
    expect(rowsOf([undefined, undefined])).toEqual([
      [null, 'record 1'],
      [null, 'record 2'],
    ]);
  });
});
