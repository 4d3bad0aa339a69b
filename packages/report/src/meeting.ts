import type { FmiReport } from '@cosmicai/payload';
import { formatNumber, formatSeconds } from './format.ts';
import type { RunReport } from './run-report.ts';

type Meeting = NonNullable<RunReport['meeting']>;

/** What fmi.json tells of how the ranks met. */
export function meetingOf({ ranks, links }: FmiReport): Meeting {
  const arrivals = ranks.map(({ arrived_at: at }) => Date.parse(at) / 1000);
  const most = (values: readonly number[]) => values.reduce((high, value) => Math.max(high, value), 0);
  return {
    ranks: ranks.length,
    links,
    slowestLinkSeconds: most(ranks.flatMap((rank) => rank.links.map((link) => link.setup_ms / 1000))),
    firstToLastSeconds: most(arrivals) - arrivals.reduce((low, value) => Math.min(low, value), Infinity),
    longestWaitSeconds: most(ranks.map((rank) => rank.wait_ms / 1000)),
  };
}

/** In one line, for the terminal and above the ranks of the page. */
export function describeMeeting({ ranks, links, ...meeting }: Meeting): string {
  if (ranks === 1) return '1 rank, alone';
  const made = links.direct + links.relay;
  const ways = [
    ...(links.direct > 0 ? [`${formatNumber(links.direct)} direct`] : []),
    ...(links.relay > 0 ? [`${formatNumber(links.relay)} through the relay`] : []),
  ];
  const secrecy =
    links.encrypted === made ? 'encrypted' : links.encrypted === 0 ? 'not encrypted' : `${links.encrypted} encrypted`;
  return [
    `${formatNumber(ranks)} ranks, links ${ways.join(' and ')}, ${secrecy}`,
    `slowest link made in ${formatSeconds(meeting.slowestLinkSeconds)}`,
    `last rank ${formatSeconds(meeting.firstToLastSeconds)} after the first`,
    `longest wait ${formatSeconds(meeting.longestWaitSeconds)}`,
  ].join('; ');
}
