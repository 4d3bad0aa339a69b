import { parse } from 'csv-parse/sync';
import { median } from '@cosmicai/metrics';
import { exampleBench } from '../../../test/example-bench.ts';
import { analyseBench, performanceTable } from '../src/index.ts';

const { runs } = exampleBench();

describe('performance_table.csv', () => {
  const rows = parse<Record<string, string>>(performanceTable(runs), { columns: true });

  it('has a row for every run, the failed one too', () => {
    expect(rows).toHaveLength(60);
    expect(rows.filter(({ status }) => status !== 'SUCCEEDED')).toEqual([
      expect.objectContaining({ world_size: '1', batch_size: '128', status: 'OUT_OF_MEMORY', duration_seconds: '' }),
    ]);
  });

  it('holds every figure to the last digit', () => {
    rows.forEach((row, at) => {
      const { duration_seconds, throughput_rps, cost_usd } = runs[at]!;
      if (duration_seconds === null) return;
      expect(Number(row.duration_seconds)).toBe(duration_seconds);
      expect(Number(row.throughput_rps)).toBe(throughput_rps);
      expect(Number(row.cost_usd)).toBe(cost_usd);
    });
  });

  it("tells the teams' batch x world / duration apart from samples by wall clock", () => {
    const { world_size, batch_size, duration_seconds } = runs[0]!;

    expect(Number(rows[0]!.batch_world_rps)).toBeCloseTo((world_size * batch_size) / duration_seconds!, 10);
  });
});

describe('the analysis of a sweep', () => {
  const analysis = analyseBench(runs, 1);

  it('takes medians over the warm repeats of a cell, with an interval around them, and cold starts apart', () => {
    const cell = analysis.cells.find(({ world_size, batch_size }) => world_size === 4 && batch_size === 32)!;
    const durations = (start: string) =>
      runs
        .filter((run) => run.world_size === 4 && run.batch_size === 32 && run.start === start)
        .map((run) => run.duration_seconds!);

    expect(cell).toMatchObject({ runs: 3, succeeded: 3, status: 'SUCCEEDED', based_on: 'warm' });
    expect(cell.duration_seconds!.median).toBe(median(durations('warm')));
    expect(cell.duration_seconds!.low).toBeLessThanOrEqual(cell.duration_seconds!.median);
    expect(cell.duration_seconds!.high).toBeGreaterThanOrEqual(cell.duration_seconds!.median);
    expect(cell.cold_duration_seconds).toBe(durations('cold')[0]);
  });

  it('averages by world size over all that succeeded', () => {
    expect(analysis.averages_by_world_size.map(({ world_size, runs: count }) => [world_size, count])).toEqual([
      [1, 14],
      [2, 15],
      [3, 15],
      [4, 15],
    ]);
    const four = runs.filter(({ world_size }) => world_size === 4).map((run) => run.duration_seconds!);
    expect(analysis.averages_by_world_size[3]!.duration_seconds).toBeCloseTo(four.reduce((a, b) => a + b) / 15, 12);
  });

  it('names the best cell among those that always succeed, and every run that did not', () => {
    const best = analysis.best_configuration!;

    for (const cell of analysis.cells.filter(({ status }) => status === 'SUCCEEDED')) {
      expect(cell.throughput_rps!.median).toBeLessThanOrEqual(best.throughput_rps!.median);
    }
    expect(analysis.cheapest_configuration).not.toBeNull();
    expect(analysis).toMatchObject({ runs: 60, succeeded: 59 });
    expect(analysis.not_succeeded).toEqual([
      expect.objectContaining({ world_size: 1, batch_size: 128, repeat: 2, status: 'OUT_OF_MEMORY' }),
    ]);
  });

  it('is the same again with the same seed', () => {
    expect(analyseBench(runs, 1)).toEqual(analysis);
  });

  it('of nothing but failures has no best cell', () => {
    const failed = runs.map((run) => ({
      ...run,
      status: 'TIMED_OUT' as const,
      throughput_rps: null,
      duration_seconds: null,
    }));

    expect(analyseBench(failed, 1)).toMatchObject({ succeeded: 0, best_configuration: null });
  });
});
