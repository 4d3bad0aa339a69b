import type { PingReport } from '@cosmicai/fmi';
import { formatPairs, formatTable } from '../output/table.ts';

/** A ping as tables, those left out to which it didn't come. */
export function describePing(report: PingReport): string {
  const { host, port } = report.rendezvous;
  const { worldSize, joinMs, setUpMs, failedStep } = report;
  const tables = [
    formatPairs([
      ['Rendezvous', `${host}:${port}${report.ownServer ? ' (started for this ping)' : ''}`],
      ...pairOf('Joined', joinMs, `until all ${worldSize} peers were accepted`),
      ...pairOf('Set-up', setUpMs, 'for the slowest link and a barrier'),
      ...(failedStep === null ? [] : ([['Failed', `at the step "${failedStep}"`]] as const)),
    ]),
    formatTable(
      [
        { title: 'step', align: 'left', cell: ({ step }) => step },
        { title: 'result', align: 'left', cell: ({ ok }) => (ok ? 'ok' : 'failed') },
        { title: 'time', cell: ({ ms }) => `${ms.toFixed(1)} ms` },
        { title: 'found', align: 'left', cell: ({ detail = '' }) => detail },
      ],
      report.steps,
    ),
  ];
  if (report.pairs.length > 0) tables.push(pairTable(report));
  if (report.collectives.length > 0) tables.push(operationTable(report));
  if (report.ok) tables.push(policyTable(report));
  return tables.join('\n\n');
}

function pairOf(name: string, ms: number | null, meaning: string): readonly (readonly [string, string])[] {
  return ms === null ? [] : [[name, `${ms.toFixed(1)} ms ${meaning}`]];
}

function pairTable({ pairs }: PingReport): string {
  return formatTable(
    [
      { title: 'pair', cell: ({ ranks: [a, b] }) => `${a} – ${b}` },
      { title: 'channel', align: 'left', cell: (pair) => `${pair.channel}${pair.encrypted ? ', encrypted' : ''}` },
      { title: 'set-up', cell: (pair) => `${pair.setUpMs.toFixed(1)} ms` },
      { title: 'latency', cell: (pair) => `${pair.latencyUs.toFixed(0)} µs` },
      { title: 'bandwidth', cell: (pair) => `${((pair.bandwidthMBs * 1e6) / 2 ** 20).toFixed(0)} MB/s` },
    ],
    pairs,
  );
}

function operationTable({ collectives }: PingReport): string {
  return formatTable(
    [
      { title: 'operation', align: 'left', cell: (check) => check.operation },
      { title: 'result', align: 'left', cell: (check) => (check.ok ? 'correct' : (check.problem ?? 'wrong')) },
      { title: 'time', cell: (check) => `${check.ms.toFixed(2)} ms` },
    ],
    collectives,
  );
}

function policyTable({ policy }: PingReport): string {
  return formatTable(
    [
      { title: 'operation', align: 'left', cell: (row) => row.operation },
      { title: 'policy takes', align: 'left', cell: (row) => row.choice },
      { title: 'because', align: 'left', cell: (row) => row.reason },
    ],
    policy,
  );
}
