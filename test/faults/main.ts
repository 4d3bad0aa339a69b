/**
 * The fault laboratory: disturbs runs in many ways and says what became of them.
 *
 *   pnpm faults [--local N] [--s3 N] [--seed S] [--kind K]… [--only INDEX] [--minutes M] [--json]
 *
 * Without numbers 20 schedules of each kind, without a seed a new one. A schedule counts when its fault was really met.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Bench } from './bench.ts';
import { KINDS } from './kinds/index.ts';
import { playOne, runLaboratory, shortcomings, type KindCount, type Played } from './laboratory.ts';
import type { Kind } from './schedule.ts';

const EACH = 20;

const { values } = parseArgs({
  options: {
    local: { type: 'string' },
    s3: { type: 'string' },
    seed: { type: 'string' },
    kind: { type: 'string', multiple: true },
    only: { type: 'string' },
    minutes: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const seed = number('seed', values.seed) ?? randomInt(2 ** 31);
const minutes = number('minutes', values.minutes) ?? Infinity;
const chosen = kindsChosen();
const started = performance.now();
process.stderr.write(`seed ${seed}\n`);
const bench = await Bench.open();
try {
  const only = number('only', values.only);
  if (only === undefined) await playAll();
  else for (const kind of chosen) said(await playOne(kind.schedule(seed, only), bench));
} finally {
  await bench.remove();
}

async function playAll(): Promise<void> {
  const counts: KindCount[] = [];
  const short: string[] = [];
  for (const over of ['local', 's3'] as const) {
    const kinds = chosen.filter((kind) => kind.over === over);
    const asked = number(over, values[over]);
    const each = asked === undefined ? EACH : Math.ceil(asked / kinds.length);
    if (each === 0 || kinds.length === 0) continue;
    const of = await runLaboratory(kinds, bench, { seed, each, onPlayed: said, hasTime });
    counts.push(...of);
    short.push(...shortcomings(of, each));
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  if (values.json) process.stdout.write(`${JSON.stringify({ seed, seconds, kinds: counts, short }, null, 1)}\n`);
  else
    process.stdout.write(
      `${table(counts)}\n\nseed ${seed}, ${seconds} s\n${short.map((line) => `${line}\n`).join('')}`,
    );
  if (short.length > 0) process.exitCode = 1;
}

function hasTime(): boolean {
  return performance.now() - started < 60_000 * minutes;
}

function kindsChosen(): readonly Kind[] {
  const names = values.kind;
  if (names !== undefined) {
    const unknown = names.filter((name) => !KINDS.some((kind) => kind.name === name));
    if (unknown.length > 0)
      fail(`There is no kind ${unknown.join(', ')}; there are ${KINDS.map(({ name }) => name).join(', ')}.`);
    return KINDS.filter(({ name }) => names.includes(name));
  }
  // Whoever asks for one number wants these alone.
  const asked = (['local', 's3'] as const).filter((over) => values[over] !== undefined);
  return asked.length === 0 ? KINDS : KINDS.filter(({ over }) => asked.includes(over));
}

function said({ schedule: { kind, index, drawn }, outcome, seconds }: Played): void {
  const { met, ended, problems } = outcome;
  const what = met ? ended : 'not met';
  process.stderr.write(`${kind} ${index}: ${what}, ${seconds.toFixed(1)} s ${JSON.stringify(drawn)}\n`);
  for (const problem of problems) process.stderr.write(`  WRONG: ${problem}\n`);
  if (problems.length > 0) process.exitCode = 1;
}

function table(counts: readonly KindCount[]): string {
  const total = (of: (count: KindCount) => number) => counts.reduce((sum, count) => sum + of(count), 0);
  const rows = [
    ['kind', 'schedules', 'fault met', 'unharmed', 'resumed', 'refused', 'wrong', 'kept', 'recomputed', 'seconds'],
    ...counts.map((count) => [
      count.kind + (count.skipped === undefined ? '' : ` (skipped: ${count.skipped})`),
      ...[count.schedules, count.met, count.unharmed, count.resumed, count.refused, count.wrong].map(String),
      ...[count.kept, count.recomputed, Math.round(count.seconds)].map(String),
    ]),
    [
      'all',
      ...[
        total(({ schedules }) => schedules),
        total(({ met }) => met),
        total(({ unharmed }) => unharmed),
        total(({ resumed }) => resumed),
        total(({ refused }) => refused),
        total(({ wrong }) => wrong),
        total(({ kept }) => kept),
        total(({ recomputed }) => recomputed),
        Math.round(total(({ seconds }) => seconds)),
      ].map(String),
    ],
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) => row.map((cell, at) => (at === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[at]!))).join('  '))
    .join('\n');
}

function number(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) fail(`--${option} takes a whole number, not ${text}.`);
  return Number(text);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
