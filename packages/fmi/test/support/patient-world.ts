import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { deriveRunKey } from '../../src/index.ts';
import type { PatientOrders, PatientReport } from './patient-peer.ts';
import { ways, type Way } from './kill-rounds.ts';

export interface PatientPeer {
  readonly process: ChildProcess;
  /** Resolves when the ranks have met for the first time. */
  readonly met: Promise<unknown>;
  /** The last thing that the peer says. */
  readonly end: Promise<PatientReport>;
  readonly exitCode: Promise<number | null>;
}

const PEER = fileURLToPath(new URL('patient-peer.ts', import.meta.url));
let runs = 0;

export interface PatientWorld {
  readonly way: Way;
  readonly worldSize: number;
  readonly port: number;
  readonly secret: string;
  /** How long each rank computes between two meetings. */
  readonly busyMs: readonly number[];
  readonly deadlineMs: number;
  readonly joinMs: number;
}

/** Processes that meet, compute and meet again. */
export function patientWorld({ way, worldSize, secret, busyMs, ...orders }: PatientWorld): PatientPeer[] {
  const runId = `patient-${process.pid}-${runs++}`;
  const runKey = deriveRunKey(secret, runId).toString('hex');
  return Array.from({ length: worldSize }, (_, rank) => {
    const peer = fork(PEER, { execArgv: [] });
    const met = Promise.withResolvers<unknown>();
    const end = Promise.withResolvers<PatientReport>();
    met.promise.catch(() => undefined);
    peer.on('message', (report: PatientReport) => {
      if (report.state === 'met') met.resolve(report);
      else end.resolve(report);
    });
    const exitCode = once(peer, 'exit').then(([code]) => {
      const silent = { state: 'failed', error: `ended without a word (${String(code)})` } as const;
      met.reject(new Error(silent.error));
      end.resolve(silent);
      return code as number | null;
    });
    const all: PatientOrders = { ...orders, ...ways[way], runId, runKey, rank, worldSize, busyMs: busyMs[rank] ?? 0 };
    peer.send(all);
    return { process: peer, met: met.promise, end: end.promise, exitCode };
  });
}
