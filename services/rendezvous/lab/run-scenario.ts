import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Network, serverAddress } from './network.ts';
import { allowedKinds, type Scenario } from './scenarios.ts';

export const labSecret = 'secret-of-the-lab-long-enough';
export const labRunId = 'lab';
const port = 10_000;

export interface PeerOrder {
  readonly rank: number;
  readonly rendezvous: { readonly host: string; readonly port: number };
  readonly rounds: number;
  readonly atOnce: number;
  readonly deadlineMs: number;
  readonly localCandidates: boolean;
}

export interface Meeting {
  readonly round: number;
  readonly kind: 'direct' | 'relay' | 'none';
  /** Both sides heard exactly what the other said. */
  readonly intact: boolean;
  readonly setupMs: number;
  readonly error: string;
}

export interface ScenarioResult {
  /** Rounds in which both sides met in the expected way and heard each other. */
  readonly asExpected: number;
  readonly meetings: readonly (readonly [Meeting, Meeting])[];
}

/** Builds the scenario's networks, lets two peers meet `rounds` times, a few at once, and removes everything. */
export async function runScenario(scenario: Scenario, rounds: number, atOnce: number): Promise<ScenarioResult> {
  const network = new Network();
  try {
    await network.build(scenario);
    const main = join(import.meta.dirname, '../src/main.ts');
    const server = network.node('internet', [main, '--port', String(port)], { COSMICAI_RENDEZVOUS_SECRETS: labSecret });
    await firstLine(server);
    const { localCandidates } = scenario;
    const rendezvous = { host: serverAddress, port };
    const order = { rendezvous, rounds, atOnce, deadlineMs: 20_000, localCandidates };
    const [left, right] = await Promise.all([
      meetings(network.node('host-a', [join(import.meta.dirname, 'peer.ts'), JSON.stringify({ ...order, rank: 0 })])),
      meetings(network.node('host-b', [join(import.meta.dirname, 'peer.ts'), JSON.stringify({ ...order, rank: 1 })])),
    ]);
    const pairs = left.map((meeting, round) => [meeting, right[round]!] as const);
    const allowed = allowedKinds(scenario);
    const fits = ({ kind, intact }: Meeting) => allowed.includes(kind) && intact;
    const asExpected = pairs.filter(([one, other]) => one.kind === other.kind && fits(one) && fits(other)).length;
    return { meetings: pairs, asExpected };
  } finally {
    await network.remove();
  }
}

async function firstLine(child: ChildProcess): Promise<void> {
  const lines = createInterface(child.stdout!);
  await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(() => {
      throw new Error('the rendezvous server ended before it had started');
    }),
  ]);
}

async function meetings(child: ChildProcess): Promise<Meeting[]> {
  const found: Meeting[] = [];
  for await (const line of createInterface(child.stdout!)) found.push(JSON.parse(line) as Meeting);
  return found.sort((left, right) => left.round - right.round);
}
