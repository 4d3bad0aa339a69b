// The published system's 84 recorded runs against their quotes: fitted on half of them, tested on the others, and the shipped figures.
import { mean, median, pricesOf, quantile, seededRandom } from '@cosmicai/metrics';
import { PUBLISHED_SYSTEM, quoteRun } from '../src/index.ts';
import { PUBLISHED_RUNS, publishedPlan } from '../test/support/published-runs.ts';
import { PublishedFit, type Fit, type Range, type Recorded } from './fit-published.ts';

const print = (line: string) => process.stdout.write(`${line}\n`);
const fitter = new PublishedFit(PUBLISHED_RUNS);
const { runs } = fitter;
const ofSize =
  (...sizes: number[]) =>
  (configuration: number) =>
    sizes.includes(PUBLISHED_RUNS[configuration]?.megabytes ?? 0);

const within = (ranges: readonly Range[], some: readonly Recorded[]) =>
  some.filter(({ configuration, seconds }) => {
    const range = ranges[configuration];
    return range !== undefined && seconds >= range.low && seconds <= range.high;
  }).length;
const width = (ranges: readonly Range[]) =>
  median(ranges.map(({ low, median: middle, high }) => (high - low) / middle));
const percent = (share: number) => `${share > 0 ? '+' : ''}${(100 * share).toFixed(1)} %`;
const told = ({ slowdown, secondsPerObject, runSpread }: Fit) =>
  `slowdown ${slowdown}, ${secondsPerObject * 1000} ms a result, spread ${runSpread.toFixed(3)}`;

function halves(inFirst: (run: Recorded, index: number) => boolean) {
  const first = runs.filter(inFirst);
  const second = runs.filter((run, index) => !inFirst(run, index));
  return [
    [first, second],
    [second, first],
  ].map(([fitted = [], tested = []]) => {
    const fit = fitter.fit(fitted);
    const ranges = fitter.ranges(fit);
    return { fit, tested: tested.length, held: within(ranges, tested), width: width(ranges) };
  });
}

print('Fitted on one half, tested on the other, then the other way round:');
for (const [name, inFirst] of [
  ['every other configuration', ({ configuration }: Recorded) => configuration % 2 === 0],
  ['every other run', (_: Recorded, index: number) => index % 2 === 0],
  ['small and large data', ({ configuration }: Recorded) => (PUBLISHED_RUNS[configuration]?.gigabytes ?? 0) < 6],
  ['partitions of 25, 75 and of 50, 100 MB', ({ configuration }: Recorded) => ofSize(25, 75)(configuration)],
  ['partitions of 25, 100 and of 50, 75 MB', ({ configuration }: Recorded) => ofSize(25, 100)(configuration)],
] as const) {
  const both = halves(inFirst);
  print(`  ${name}: ${both.reduce((sum, { held }) => sum + held, 0)} of ${runs.length} held`);
  for (const { fit, tested, held, width: wide } of both)
    print(`    ${told(fit)}: ${held} of ${tested}, median width ${percent(wide)}`);
}
const random = seededRandom(7);
const drawn = Array.from({ length: 100 }, () => {
  const order = PUBLISHED_RUNS.map((_, configuration) => ({ configuration, place: random() })).sort(
    (a, b) => a.place - b.place,
  );
  const first = new Set(order.slice(0, order.length / 2).map(({ configuration }) => configuration));
  return halves(({ configuration }) => first.has(configuration)).reduce((sum, { held }) => sum + held, 0);
});
print(
  `  100 random halves of the configurations: ${quantile(drawn, 0.05)} to ${quantile(drawn, 0.95)}, median ${median(drawn)}`,
);
print(`All ${runs.length} runs: ${told(fitter.fit(runs))}`);

print(`\nShipped: ${told({ ...PUBLISHED_SYSTEM.stragglers, ...PUBLISHED_SYSTEM.summarize, ...PUBLISHED_SYSTEM })}`);
print('MB  GB    ranks  recorded             quoted (5 to 95 %)       error');
const quotes = PUBLISHED_RUNS.map((published) => {
  const { plan, calibration } = publishedPlan(published);
  return { published, seconds: quoteRun(plan, calibration, { prices: pricesOf('us-east-1') }).seconds };
});
for (const { published, seconds } of quotes) {
  const { megabytes, gigabytes, ranks, recorded } = published;
  const range = `${seconds.median.toFixed(1)} (${seconds.low.toFixed(1)} to ${seconds.high.toFixed(1)})`;
  print(
    `${String(megabytes).padEnd(4)}${String(gigabytes).padEnd(6)}${String(ranks).padEnd(7)}${recorded
      .map((each) => each.toFixed(1))
      .join(' ')
      .padEnd(21)}${range.padEnd(25)}${percent(seconds.median / mean(recorded) - 1)}`,
  );
}
const errors = quotes.map(({ published, seconds }) => seconds.median / mean(published.recorded) - 1);
const ranges = quotes.map(({ seconds }) => seconds);
print(
  `mean absolute error ${percent(mean(errors.map(Math.abs)))}, largest ${percent(Math.min(...errors))} and ${percent(Math.max(...errors))}; ${within(ranges, runs)} of ${runs.length} runs in their range, median width ${percent(width(ranges))}`,
);
