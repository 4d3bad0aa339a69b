import { lookup } from 'node:dns/promises';
import { performance } from 'node:perf_hooks';
import type { FmiPingAnswer, FmiPingStep, FmiPingStepReport } from '@cosmicai/payload';
import { direct } from '../channels/direct-channel.ts';
import { Communicator } from '../communicator.ts';
import { dial } from '@cosmicai/rendezvous';
import { createConnector, type Endpoint, type PeerConnector } from '@cosmicai/rendezvous';
import { tryOperations } from './collectives.ts';
import { describeLinks, linkAll, type Links } from './links.ts';
import { atOnce, measurePairs, type Turns } from './pairs.ts';

export interface PingRankOptions {
  readonly pingId: string;
  readonly rank: number;
  readonly worldSize: number;
  readonly rendezvous: Endpoint;
  /** The key of the ping's world; where it comes from is a step of its own. */
  readonly runKey: (signal: AbortSignal) => Promise<Uint8Array>;
  /** `relay` sends all through the server. */
  readonly path: 'direct' | 'relay';
  readonly encrypt: boolean;
  /** Milliseconds to wait for the other ranks. */
  readonly patienceMs: number;
  /** For each operation. Default: 10,000 ms. */
  readonly deadlineMs?: number;
  readonly turn?: Turns;
  readonly signal?: AbortSignal;
}

const DEFAULT_DEADLINE_MS = 10_000;
/** For reading the key, and for TCP to the rendezvous server. */
const STEP_MS = 10_000;

/**
 * One rank of a ping, wherever it runs: goes to the rendezvous server, meets every other rank, measures its pairs and tries every
 * operation. Says at which step it ended rather than throwing.
 *
 * @throws the signal's reason
 */
export async function pingRank(options: PingRankOptions): Promise<FmiPingAnswer> {
  const walk = new Walk(options);
  try {
    await walk.go();
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof StepFailed)) throw error;
  }
  return walk.answer;
}

/** A step ended the ping; the answer says which one and why. */
class StepFailed extends Error {}

class Walk {
  readonly #options: PingRankOptions;
  readonly #steps: FmiPingStepReport[] = [];
  readonly #found: {
    -readonly [Field in 'barrierMs' | 'slowestLinkMs' | 'pairs' | 'collectives']: FmiPingAnswer[Field];
  } = { barrierMs: null, slowestLinkMs: null, pairs: [], collectives: [] };

  constructor(options: PingRankOptions) {
    this.#options = options;
  }

  get answer(): FmiPingAnswer {
    return { rank: this.#options.rank, steps: this.#steps, ...this.#found };
  }

  async go(): Promise<void> {
    const { rendezvous, runKey } = this.#options;
    const key = await this.#step('key', (within) => runKey(within()));
    await this.#step(
      'resolve',
      () => lookup(rendezvous.host, { all: true }),
      (found) => found.map(({ address }) => address).join(', '),
    );
    // Only to see that it stands; the next step makes a connection of its own.
    await this.#step('connect', async (within) => {
      (await dial({ to: rendezvous, signal: within() })).destroy();
    });
    const connector = await this.#step('authenticate', () => this.#join(key));
    try {
      await this.#meet(connector);
    } finally {
      await connector.close();
    }
  }

  #join(runKey: Uint8Array): Promise<PeerConnector> {
    const { rendezvous, pingId, rank, worldSize, path, encrypt, signal } = this.#options;
    return createConnector({
      rendezvous,
      runId: pingId,
      runKey,
      rank,
      worldSize,
      encrypt,
      allowDirect: path === 'direct',
      ...(signal && { signal }),
    });
  }

  async #meet(connector: PeerConnector): Promise<void> {
    const { path, patienceMs } = this.#options;
    const started = performance.now();
    const links = await linkAll(connector, Date.now() + patienceMs);
    const ms = performance.now() - started;
    this.#reportLinks(links, ms);
    const { rank, worldSize, pingId, deadlineMs = DEFAULT_DEADLINE_MS, signal } = this.#options;
    const communicator = new Communicator(rank, worldSize, {
      name: pingId,
      channels: [direct(connector, path)],
      deadlineMs,
      ...(signal && { signal }),
    });
    try {
      await this.#talk(communicator, links);
    } finally {
      await communicator.close();
    }
  }

  /** Three steps that every pair takes by itself, told of all of them together. */
  #reportLinks(links: Links, ms: number): void {
    this.#found.slowestLinkMs = Math.max(0, ...[...links.made.values()].map(({ setupMs }) => setupMs));
    let failed = false;
    for (const step of ['pairing', 'punching', 'handshake'] as const) {
      const failures = links.failures.filter((failure) => failure.step === step);
      // Nobody came that far.
      if (failures.length === 0 && failed && links.made.size === 0) break;
      const detail =
        failures.length > 0
          ? failures.map(({ message }) => message).join(' ')
          : describeLinks(step, links, this.#options.path);
      this.#steps.push({
        step,
        ok: failures.length === 0,
        ms: step === 'pairing' ? ms : this.#found.slowestLinkMs,
        detail,
      });
      failed ||= failures.length > 0;
    }
    if (failed) throw new StepFailed();
  }

  async #talk(communicator: Communicator, { made }: Links): Promise<void> {
    const now = () => performance.now();
    const { turn = atOnce, patienceMs, deadlineMs = DEFAULT_DEADLINE_MS } = this.#options;
    await this.#step('measure', async () => {
      // Others may still look for their ways to each other.
      await communicator.barrier({ deadlineMs: patienceMs + deadlineMs });
      const start = now();
      await communicator.barrier();
      this.#found.barrierMs = now() - start;
      this.#found.pairs = await measurePairs(communicator, made, turn, now);
    });
    await this.#step('collectives', async () => {
      this.#found.collectives = await tryOperations(communicator, now);
      const wrong = this.#found.collectives.find(({ ok }) => !ok);
      if (wrong !== undefined) throw new Error(`${wrong.operation}: ${wrong.problem ?? 'wrong'}`);
    });
  }

  /** @param take is given a signal that aborts when the step has taken too long, if it asks for one */
  async #step<T>(
    step: FmiPingStep,
    take: (within: () => AbortSignal) => Promise<T>,
    describe?: (found: T) => string,
  ): Promise<T> {
    const { signal } = this.#options;
    const started = performance.now();
    let limit: AbortSignal | undefined;
    const within = () => {
      limit = AbortSignal.timeout(STEP_MS);
      return signal === undefined ? limit : AbortSignal.any([limit, signal]);
    };
    try {
      const found = await take(within);
      const detail = describe?.(found);
      this.#steps.push({ step, ok: true, ms: performance.now() - started, ...(detail !== undefined && { detail }) });
      return found;
    } catch (error) {
      signal?.throwIfAborted();
      const detail = limit?.aborted === true ? `no answer within ${STEP_MS / 1000} s` : (error as Error).message;
      this.#steps.push({ step, ok: false, ms: performance.now() - started, detail });
      throw new StepFailed(detail, { cause: error });
    }
  }
}
