import { randomUUID } from 'node:crypto';
import { mergePing, type PingReport } from '@cosmicai/fmi';
import { parseReportLog } from '@cosmicai/payload';
import {
  EnvironmentError,
  fmiPingAnswerSchema,
  parseAs,
  parseEndpoint,
  type FmiPingAnswer,
  type FmiPingOpening,
  type FmiPingTask,
} from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import { calledFunctions } from '../stage/called-functions.ts';
import { lambdaFunctions, type FunctionService, type Invocation } from '../services/function-service.ts';
import { openStage } from '../stage/stage.ts';
import { z } from 'zod';

export interface StagePingOptions {
  readonly worldSize: number;
  /** `host:port`; undefined: the stage's own server. */
  readonly rendezvous: string | undefined;
  readonly path: 'direct' | 'relay';
  readonly hint: 'fast' | 'cheap';
  readonly encrypt: boolean;
  readonly signal: AbortSignal;
}

/** What of a stage a ping touches. */
export interface PingedStage {
  readonly functions: FunctionService;
  /** Name of the function that hands out keys. */
  readonly opener: string;
  /** Name of the function that plays a rank. */
  readonly rank: string;
  readonly store: ObjectStore;
  readonly bucket: string;
  /** Folder of the bucket below which the functions may write keys. */
  readonly resultPath: string;
  readonly memoryMiB: number;
  /** @throws UserInputError unless ranks can meet at the stage's own server */
  readonly checkMeetsHere: () => void;
}

const openedSchema = z.object({ key: z.string(), endpoint: z.string().exactOptional() });

/** Finds a deployed stage and pings it. @throws UserInputError when it isn't deployed or has no rendezvous server */
export async function pingDeployed(name: string, options: StagePingOptions): Promise<PingReport> {
  const stage = await openStage(name);
  const { memory, region } = { ...stage.options.inference, region: stage.options.region };
  return await pingStage(
    {
      functions: await lambdaFunctions(region),
      opener: `cosmicai-init-${name}-initFmi`,
      rank: calledFunctions(await stage.workflow.definition()).rank,
      store: stage.store,
      bucket: stage.bucket,
      resultPath: stage.options.prefixes.results[0] ?? 'results',
      memoryMiB: memory,
      checkMeetsHere: stage.checkMeetsHere,
    },
    options,
  );
}

/**
 * Lets functions of a stage meet as the ranks of a run do: with a key of their own in the bucket, through the stage's rendezvous
 * server. What goes wrong among them is in the report.
 *
 * @throws EnvironmentError, RemoteError when it doesn't come to a meeting; the signal's reason
 */
export async function pingStage(stage: PingedStage, options: StagePingOptions): Promise<PingReport> {
  const { worldSize, path, hint, encrypt } = options;
  const elsewhere = options.rendezvous;
  if (elsewhere === undefined) stage.checkMeetsHere();
  else parseEndpoint(elsewhere);
  const place = { ping_id: `ping-${randomUUID()}`, bucket: stage.bucket, result_path: stage.resultPath };
  const opening = { ...place, ...(elsewhere === undefined && { world_size: worldSize }) };
  const { key, endpoint: found } = await openPing(stage, { fmi_ping: opening }, options.signal);
  try {
    const endpoint = elsewhere ?? found ?? '';
    const rendezvous = parseEndpoint(endpoint);
    const answers = await Promise.all(
      Array.from({ length: worldSize }, (_, rank) =>
        playRank(
          stage,
          { fmi_ping: { ...place, rendezvous_endpoint: endpoint, rank, world_size: worldSize, path, encrypt } },
          options.signal,
        ),
      ),
    );
    return mergePing(answers, { worldSize, rendezvous, ownServer: false, hint, memoryMiB: stage.memoryMiB });
  } finally {
    await stage.store.delete(key);
  }
}

/** Answers where the ping's key lies, and where the stage's own server is if it meets there. */
async function openPing(
  { functions, opener }: PingedStage,
  task: FmiPingOpening,
  signal: AbortSignal,
): Promise<{ readonly key: string; readonly endpoint?: string }> {
  const { answer, error, cause = '' } = await functions.invoke(opener, task, signal);
  const opened = openedSchema.safeParse(answer);
  if (error === undefined && opened.success) return opened.data;
  const why = error === undefined ? `it answered ${JSON.stringify(answer)}` : `${error}: ${cause}`;
  throw new EnvironmentError(
    `The ping ended before its ranks began: ${opener} gave no key (${why}). Functions deployed by an older version know no ping: deploy the stage again.`,
  );
}

async function playRank(
  { functions, rank: functionName }: PingedStage,
  task: FmiPingTask,
  signal: AbortSignal,
): Promise<FmiPingAnswer> {
  const started = performance.now();
  const invoked = (ok: boolean, detail: string) => ({
    step: 'invoke' as const,
    ok,
    ms: performance.now() - started,
    detail,
  });
  try {
    const invocation = await functions.invoke(functionName, task, signal);
    if (invocation.error !== undefined) throw new Error(`${invocation.error}: ${invocation.cause ?? ''}`);
    const answer = parseAs(fmiPingAnswerSchema, invocation.answer, `answer of ${functionName}`);
    return { ...answer, steps: [invoked(true, startOf(invocation)), ...answer.steps] };
  } catch (error) {
    signal.throwIfAborted();
    const steps = [invoked(false, (error as Error).message)];
    return {
      rank: Number(task.fmi_ping.rank),
      steps,
      barrierMs: null,
      slowestLinkMs: null,
      pairs: [],
      collectives: [],
    };
  }
}

/** Whether a process had to be started for the invocation. */
function startOf({ log }: Invocation): string {
  const init = parseReportLog(log).reports[0]?.initDurationMs;
  return init === undefined ? 'warm' : `cold start of ${init.toFixed(0)} ms`;
}
