// Kills one of 8 working processes, 50 times linked in each way: node packages/fmi/bench/kill.ts [rounds]
import { killRounds, ways, type Way } from '../test/support/kill-rounds.ts';

const ALLOWED_MS = 2000;
const rounds = Number(process.argv[2] ?? 50);

const results = [];
for (const way of Object.keys(ways) as Way[]) {
  let good = 0;
  const times: number[] = [];
  // 5 and 8 have no common divisor: every rank has its turn.
  for await (const { victim, survivors } of killRounds(rounds, 8, way, (round) => (round * 5) % 8)) {
    const slowest = Math.max(...survivors.map(({ ms }) => ms));
    times.push(slowest);
    const wrong = survivors.filter(({ lost }) => lost !== victim);
    if (wrong.length === 0 && slowest < ALLOWED_MS) good++;
    else process.stderr.write(`victim ${victim}, slowest ${slowest} ms, wrong: ${JSON.stringify(wrong)}\n`);
  }
  times.sort((a, b) => a - b);
  results.push({ way, rounds, good, slowestMs: { p50: times[Math.floor(rounds / 2)], max: times.at(-1) } });
}
process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
process.exitCode = results.every(({ good }) => good === rounds) ? 0 : 1;
