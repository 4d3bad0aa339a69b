// Sends and closes while the receiver computes, over every kind of link: node packages/fmi/bench/hand-over.ts [rounds]
import { handOver } from '../test/support/hand-over.ts';
import { ways, type Way } from '../test/support/kill-rounds.ts';

const MIB = 1024 * 1024;
const SIZES = [1024, 64 * 1024, MIB, 4 * MIB, 16 * MIB, 64 * MIB];
const BUSY_MS = [0, 500, 1_500, 4_000, 10_000];
const DEADLINE_MS = 30_000;
const rounds = Number(process.argv[2] ?? 100);

const results = Object.fromEntries(Object.keys(ways).map((way) => [way, { rounds: 0, lost: 0 }]));
for (let round = 0; round < rounds; round++) {
  const way = Object.keys(ways)[round % 3] as Way;
  // 3, 6 and 5: every way meets every size and every delay in turn.
  const bytes = SIZES[Math.floor(round / 3) % SIZES.length]!;
  const busyMs = BUSY_MS[Math.floor(round / 3) % BUSY_MS.length]!;
  const { sender, receiver } = await handOver({ way, bytes, busyMs, deadlineMs: DEADLINE_MS });
  const isGood = 'sha256' in sender && 'sha256' in receiver && sender.sha256 === receiver.sha256;
  results[way]!.rounds++;
  if (isGood) continue;
  results[way]!.lost++;
  process.stderr.write(`${JSON.stringify({ way, bytes, busyMs, sender, receiver })}\n`);
}
process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
process.exitCode = Object.values(results).every(({ lost }) => lost === 0) ? 0 : 1;
