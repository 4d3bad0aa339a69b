/**
 * Galaxies a second on one core: `node packages/survey/bench/simulate.ts [count]`. Says the median of five rounds and the
 * spread; other work on the machine lowers both.
 */
import { simulateSurvey } from '../src/index.ts';

const count = Number(process.argv[2] ?? 2000);
const rates: number[] = [];
for (let round = 0; round < 6; round++) {
  const begun = performance.now();
  let pixels = 0;
  for (const batch of simulateSurvey({ count, seed: 1, start: round * count })) pixels += batch.images.length;
  const rate = (1000 * count) / (performance.now() - begun);
  // The first round warms the compiler up.
  if (round > 0) rates.push(rate);
  process.stderr.write(
    `${round === 0 ? 'warm-up' : `round ${round}`}: ${rate.toFixed(0)} galaxies/s, ${pixels} pixels\n`,
  );
}
rates.sort((a, b) => a - b);
process.stdout.write(`${rates[2]!.toFixed(0)} galaxies/s (${rates[0]!.toFixed(0)} to ${rates[4]!.toFixed(0)})\n`);
