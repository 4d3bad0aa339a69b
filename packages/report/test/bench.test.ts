import { benchReportHtml, benchReportOfRuns, benchReportPlots } from '../src/index.ts';
import { exampleBench } from '../../../test/example-bench.ts';
import { exampleReport } from './example-report.ts';

describe('the report of a sweep', () => {
  it('plots against each dimension that varies, and says what did not run', async () => {
    const html = await benchReportHtml(exampleBench());

    expect(html.match(/<svg /g)).toHaveLength(2);
    expect(html).toContain('out of memory (rank 0 used 2,048 MB of 2,048 MB)');
    expect(/NaN|undefined|Infinity/.exec(html)).toBeNull();
  });

  it('against data and partition sizes in their natural order', async () => {
    const report = exampleBench();
    const sizes = ['100MB', '25MB', '75MB'];
    const plots = await benchReportPlots({
      ...report,
      runs: sizes.map((partition_size, at) => ({
        ...report.runs[at]!,
        world_size: 4,
        batch_size: 128,
        partition_size,
      })),
    });

    expect([...plots.keys()]).toEqual(['bench-by-partition-size']);
    const { svg } = plots.get('bench-by-partition-size')!;
    expect(svg.indexOf('>25MB<')).toBeLessThan(svg.indexOf('>75MB<'));
    expect(svg.indexOf('>75MB<')).toBeLessThan(svg.indexOf('>100MB<'));
  });

  it('of failures only is still a report', async () => {
    const report = exampleBench();
    const html = await benchReportHtml({
      ...report,
      runs: report.runs.map((run) => ({
        ...run,
        status: 'FAILED' as const,
        duration_seconds: null,
        memory_mb: null,
        cost_usd: null,
        throughput_rps: null,
        throughput_bps: null,
      })),
    });

    expect(html).toContain('0 of 60 runs succeeded');
  });
});

describe('runs set beside each other', () => {
  const when = { title: 'Three runs', generatedAt: '2026-03-21T12:00:00.000Z' };
  const named = (ranks: number, changes = {}) => ({
    name: `ws${ranks}.json`,
    report: { ...exampleReport({ ranks, galaxies: 50 }), ...changes },
  });

  it('are compared by wall clock where all of them know it', async () => {
    const compared = [named(2), named(4), named(4)];
    const report = benchReportOfRuns(compared, when);

    expect(report.runs.map(({ world_size, repeat, partition_size }) => [world_size, repeat, partition_size])).toEqual([
      [2, 1, '25 MB'],
      [4, 1, '25 MB'],
      [4, 2, '25 MB'],
    ]);
    report.runs.forEach((run, at) => {
      const { wallClockSeconds, samples, cost } = compared[at]!.report;
      expect(run).toMatchObject({ duration_seconds: wallClockSeconds, samples, cost_usd: cost!.usd });
      expect(run.throughput_rps).toBeCloseTo(samples / wallClockSeconds!, 10);
    });
    const html = await benchReportHtml(report);
    expect(html.includes('samples/s by wall clock')).toBe(true);
  });

  it('are all compared by their slowest rank, and it is said, as soon as one does not know its wall clock', async () => {
    const compared = [named(2), named(4, { wallClockSeconds: null })];
    const report = benchReportOfRuns(compared, when);

    report.runs.forEach((run, at) => {
      const slowest = Math.max(...compared[at]!.report.ranks.map(({ seconds }) => seconds!));
      expect(run.duration_seconds).toBe(slowest);
    });
    const html = await benchReportHtml(report);
    expect(html.includes('Durations and throughputs are those of the slowest rank')).toBe(true);
    expect(html.includes('by wall clock')).toBe(false);
  });

  it('are named when they can not be compared', () => {
    const report = benchReportOfRuns([named(2), named(4, { configuration: {} })], when);

    expect(report.runs).toHaveLength(1);
    expect(report.warnings).toEqual(['ws4.json is not compared, because it does not tell its batch size']);
  });
});
