import {
  FMI_PING_STEPS,
  type FmiPingAnswer,
  type FmiPingOperation,
  type FmiPingPair,
  type FmiPingStep,
  type FmiPingStepReport,
} from '@cosmicai/payload';
import type { ChannelKind } from '../channels/channel.ts';
import { operationKinds, type OperationKind } from '../operation.ts';
import { explainPolicy, type Hint, type PolicyExplanation } from '../policy/policy.ts';
import type { Endpoint } from '@cosmicai/rendezvous';

export interface PingReport {
  readonly worldSize: number;
  readonly rendezvous: Endpoint;
  /** Did the ping bring its own rendezvous server? */
  readonly ownServer: boolean;
  /** Whether every rank took every step. */
  readonly ok: boolean;
  /** The first step at which a rank ended; null when all is well. */
  readonly failedStep: FmiPingStep | null;
  /** Every step that a rank came to; of its time, the slowest rank's. */
  readonly steps: readonly FmiPingStepReport[];
  /** Until the last rank was accepted by the rendezvous server; null when none was. */
  readonly joinMs: number | null;
  /** The slowest link's set-up and a barrier; null when a rank didn't come to it. */
  readonly setUpMs: number | null;
  readonly pairs: readonly FmiPingPair[];
  readonly collectives: readonly FmiPingOperation[];
  /** For each operation, which channel the policy would take among all kinds that leave this process. */
  readonly policy: readonly (PolicyExplanation & { readonly operation: OperationKind })[];
}

export interface MergeOptions {
  readonly worldSize: number;
  readonly rendezvous: Endpoint;
  readonly ownServer: boolean;
  /** For the policy table. Defaults: fast, 1024 MiB, 1024 bytes. */
  readonly hint?: Hint;
  readonly memoryMiB?: number;
  readonly bytes?: number;
}

/** All but `split`, which is an allgather. */
const explained = operationKinds.filter((kind) => kind !== 'split');
const explainedChannels: readonly ChannelKind[] = ['direct', 'relay', 'redis', 'store'];

/** What the ranks of a ping found, as one report. */
export function mergePing(answers: readonly FmiPingAnswer[], options: MergeOptions): PingReport {
  const { worldSize, rendezvous, ownServer } = options;
  const steps = FMI_PING_STEPS.flatMap((step) => mergeStep(step, answers) ?? []);
  const failedStep = steps.find(({ ok }) => !ok)?.step ?? null;
  const links = answers.map(({ slowestLinkMs }) => slowestLinkMs);
  const barriers = answers.map(({ barrierMs }) => barrierMs);
  return {
    worldSize,
    rendezvous,
    ownServer,
    ok: failedStep === null,
    failedStep,
    steps,
    joinMs: steps.find(({ step, ok }) => step === 'authenticate' && ok)?.ms ?? null,
    setUpMs: barriers.includes(null) ? null : slowest(links) + slowest(barriers),
    pairs: answers.flatMap(({ pairs }) => pairs).sort(({ ranks: [a, b] }, { ranks: [c, d] }) => a - c || b - d),
    collectives: mergeOperations(answers),
    policy: explainAll(options),
  };
}

function slowest(milliseconds: readonly (number | null)[]): number {
  return Math.max(0, ...milliseconds.map((ms) => ms ?? 0));
}

/** Undefined when no rank came to the step. */
function mergeStep(step: FmiPingStep, answers: readonly FmiPingAnswer[]): FmiPingStepReport | undefined {
  const taken = answers.flatMap(({ rank, steps }) =>
    steps.filter((one) => one.step === step).map((one) => ({ rank, ...one })),
  );
  if (taken.length === 0) return undefined;
  const failed = taken.filter(({ ok }) => !ok);
  const detail = failed.length > 0 ? told(failed) : [...new Set(taken.flatMap((one) => one.detail ?? []))].join('\n');
  return { step, ok: failed.length === 0, ms: slowest(taken.map(({ ms }) => ms)), ...(detail !== '' && { detail }) };
}

/** Problems, and ranks of each, that are shown of a large world; the first are as good as the others. */
const MOST_TOLD = 5;

function listed(ranks: readonly number[]): string {
  const left = ranks.length - MOST_TOLD;
  return `${ranks.slice(0, MOST_TOLD).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}

/** Who failed why: ranks with the same problem together. */
function told(failed: readonly { readonly rank: number; readonly detail?: string | undefined }[]): string {
  const ranks = new Map<string, number[]>();
  for (const { rank, detail = 'failed' } of failed) ranks.set(detail, [...(ranks.get(detail) ?? []), rank]);
  const lines = [...ranks].map(([detail, of]) => `rank ${listed(of)}: ${detail}`);
  const left = lines.length - MOST_TOLD;
  return [...lines.slice(0, MOST_TOLD), ...(left > 0 ? [`and ${left} more such problems`] : [])].join('\n');
}

/** An operation is correct when it was on every rank, and takes until the last of them is done. */
function mergeOperations(answers: readonly FmiPingAnswer[]): FmiPingOperation[] {
  const names = answers.find(({ collectives }) => collectives.length > 0)?.collectives ?? [];
  return names.map(({ operation }) => {
    const tried = answers.flatMap(({ rank, collectives }) =>
      collectives.filter((one) => one.operation === operation).map((one) => ({ rank, ...one })),
    );
    const wrong = tried.find(({ ok }) => !ok);
    return {
      operation,
      ok: wrong === undefined,
      ms: slowest(tried.map(({ ms }) => ms)),
      ...(wrong && { problem: `rank ${wrong.rank}: ${wrong.problem ?? 'wrong'}` }),
    };
  });
}

function explainAll(options: MergeOptions): PingReport['policy'] {
  const { worldSize, hint = 'fast', memoryMiB = 1024, bytes = 1024 } = options;
  return explained.map((operation) => ({
    operation,
    ...explainPolicy({ operation, bytes, worldSize, memoryMiB, hint, channels: explainedChannels }),
  }));
}
