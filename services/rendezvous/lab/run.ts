// Runs the lab: node lab/run.ts [rounds] [part of a scenario's name]. Needs root, iproute2 and nftables.
import { labObstacle } from './network.ts';
import { runScenario } from './run-scenario.ts';
import { scenarios } from './scenarios.ts';

const rounds = Number(process.argv[2] ?? 50);
const wanted = process.argv[3] ?? '';
const atOnce = 10;

const obstacle = labObstacle();
if (obstacle !== undefined) {
  process.stderr.write(`The lab can't run here: ${obstacle}.\n`);
  process.exit(1);
}
for (const scenario of scenarios.filter(({ name }) => name.includes(wanted))) {
  const { asExpected, meetings } = await runScenario(scenario, rounds, atOnce);
  const setups = meetings.map(([left]) => left.setupMs).sort((left, right) => left - right);
  const median = setups[Math.floor(setups.length / 2)];
  const lucky = meetings.filter(([left]) => scenario.mayCross === true && left.kind === 'direct').length;
  const crossed = lucky === 0 ? '' : `; ${lucky} direct, as their packets crossed`;
  const verdict = asExpected === rounds ? 'ok' : 'FAILED';
  process.stdout.write(
    `${verdict.padEnd(7)}${scenario.name.padEnd(42)}${scenario.expected.padEnd(7)}${asExpected} of ${rounds}, set-up p50 ${median} ms, max ${setups.at(-1)} ms${crossed}\n`,
  );
  if (asExpected === rounds) continue;
  process.exitCode = 1;
  for (const [left, right] of meetings) {
    if (left.kind !== scenario.expected || right.kind !== scenario.expected) {
      process.stdout.write(`       ${JSON.stringify(left)} ${JSON.stringify(right)}\n`);
    }
  }
}
