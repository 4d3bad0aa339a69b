import type { RankFigures } from '@cosmicai/payload';

const grouped = (value: number) => value.toLocaleString('en-US', { maximumFractionDigits: 0 });

/** A time that passes, in whole seconds: `34 s`, `3 min 05 s`, `2 h 07 min`. */
export function elapsed(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 100) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

const SPANS = [
  { name: 's', seconds: 1, upTo: 10 },
  { name: 's', seconds: 5, upTo: 100 },
  { name: 'min', seconds: 60, upTo: 6000 },
  { name: 'h', seconds: 3600, upTo: Infinity },
] as const;
const SECONDS_PER = { s: 1, min: 60, h: 3600 } as const;

/** A range of time, rounded outwards to what can be known of it: `20 to 35 s`, `50 s to 3 min`, `about 3 min`. */
export function timeLeft({ from, to }: NonNullable<RankFigures['seconds_left']>): string {
  const spanOf = (value: number) => SPANS.find(({ upTo }) => value < upTo) ?? SPANS[3];
  const high = spanOf(to);
  const own = spanOf(from);
  const low = own.name === high.name ? high : own;
  const least = (Math.floor(from / low.seconds) * low.seconds) / SECONDS_PER[low.name];
  const most = (Math.ceil(to / high.seconds) * high.seconds) / SECONDS_PER[high.name];
  if (low.name !== high.name) return `${least} ${low.name} to ${most} ${high.name}`;
  // Half a step either way is not a range.
  return (most - least) * SECONDS_PER[high.name] <= high.seconds
    ? `about ${most} ${high.name}`
    : `${least} to ${most} ${high.name}`;
}

/** How far ranks are, in one line: `1,024 of about 2,048 galaxies, 310/s, 3 to 4 s left, 1 of 4 ranks, 2 at work`. */
export function describeFigures(figures: RankFigures): string {
  const { galaxies, galaxies_per_second: rate, seconds_left: left, ranks } = figures;
  const isOver = ranks.done + ranks.failed >= ranks.total;
  return [
    ...(galaxies === null ? [] : [galaxiesOf(galaxies, figures)]),
    ...(rate === null ? [] : [`${rate < 10 ? rate.toFixed(1) : grouped(rate)}/s`]),
    ...(left === null || isOver ? [] : [`${timeLeft(left)} left`]),
    `${grouped(ranks.done)} of ${grouped(ranks.total)} ranks`,
    ...(ranks.at_work === 0 ? [] : [`${grouped(ranks.at_work)} at work`]),
    ...(ranks.failed === 0 ? [] : [`${grouped(ranks.failed)} failed`]),
    ...(figures.silent_ranks === 0 ? [] : [silentRanks(figures)]),
  ].join(', ');
}

function galaxiesOf(galaxies: number, { galaxies_total: total, total_exact: exact }: RankFigures): string {
  if (total === null) return `${grouped(galaxies)} galaxies`;
  return `${grouped(galaxies)} of ${exact ? '' : 'about '}${grouped(total)} galaxies`;
}

/** Ranks named in a line that must not grow long. */
const NAMED = 3;

function silentRanks({ silent, silent_ranks: all }: RankFigures): string {
  const named = silent.slice(0, NAMED);
  const more = all - named.length;
  const names = named.map(({ rank, seconds }) => `${rank} (${elapsed(seconds)})`).join(', ');
  return `silent: ${all === 1 ? 'rank' : 'ranks'} ${names}${more === 0 ? '' : ` and ${grouped(more)} more`}`;
}

/** What a rank that has fallen silent had done, for whoever goes to see why. */
export function describeSilence({ rank, seconds, galaxies, pid }: RankFigures['silent'][number]): string {
  const done = galaxies === 0 ? 'before its first galaxy' : `after ${grouped(galaxies)} galaxies`;
  return `rank ${rank} has said nothing for ${elapsed(seconds)}, ${done}${pid === null ? '' : ` (process ${pid})`}`;
}
