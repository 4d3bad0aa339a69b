import { arch } from 'node:process';
import { fileURLToPath } from 'node:url';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { ModelCache, peakRssMb, rankTaskOf, runRank } from '@cosmicai/inference';
import {
  isFmiPing,
  once,
  type FmiPingAnswer,
  type RankAnswer,
  type RankContext,
  type RankLine,
} from '@cosmicai/payload';
import { openStore } from '@cosmicai/store';
import { stageDimensions, traced } from '@cosmicai/trace';
import { slowed } from './heartbeat.ts';
import { timeLimitOf } from './time-limit.ts';

/** The model packed beside the bundle, unless COSMICAI_MODEL names another. */
const defaultModelPath = process.env.COSMICAI_MODEL ?? fileURLToPath(new URL('./model.onnx', import.meta.url));
const workers = Number(process.env.COSMICAI_WORKERS ?? 0);
const memoryLimit = Number(process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE ?? 0);
const models = new ModelCache({
  openStore,
  defaultModelPath,
  sessions: workers > 0 ? { workers } : {},
  ...(memoryLimit > 0 && { memoryMb: memoryLimit }),
});
const logger = new Logger({ serviceName: 'inference' });
const metrics = new Metrics({ namespace: 'CosmicAI', serviceName: 'inference', ...stageDimensions(process.env) });

/** Message passing, which most of the tasks do without. */
const loadPing = once(() => import('./ping.ts'));

/** Partitions named in the log, at most. */
const MOST_NAMED = 20;

/** Whether no task has come to this process yet. */
let first = true;

/** Runs one rank. Input: an item of the Map, which refers to a task of the manifest, or a task itself, as in another initializer's `body`; or a ping, which infers nothing. */
export async function infer(item: unknown, context: RankContext = {}): Promise<RankAnswer | FmiPingAnswer> {
  if (!isFmiPing(item)) return await inferRank(item, context);
  const { ping } = await loadPing();
  return await ping(item, openStore);
}

async function inferRank(item: unknown, { reportProgress, ...context }: RankContext): Promise<RankAnswer> {
  const timeLimit = timeLimitOf(context, process.env, () => performance.now());
  const coldStart = first;
  first = false;
  const task = await rankTaskOf(item, openStore);
  const { RUN_ID: runId = '', RANK: rank, DATA_PATH: files } = task;
  const log = ({ message, ...line }: RankLine, more: object = {}) =>
    logger.info(message, { run_id: runId, ...line, ...more });
  // Of many the manifest tells the rest: a line of a log has its limit.
  const partitions = files.slice(0, MOST_NAMED);
  log({ message: 'rank begins', rank }, { partitions, files: files.length, cold_start: coldStart });
  const started = performance.now();
  const answer = await traced('rank', (annotate) => {
    annotate({ run_id: runId, rank, cold_start: coldStart });
    return runRank(task, {
      openStore,
      loadModel: (wanted) => models.load(wanted),
      monotonic: () => performance.now(),
      now: () => new Date(),
      coldStart,
      cpuSeconds: () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1e6;
      },
      peakRssMb,
      memoryLimitMb: memoryLimit > 0 ? memoryLimit : null,
      architecture: arch === 'x64' ? 'x86_64' : arch,
      onProgress:
        reportProgress ??
        slowed(
          (progress) => log({ message: 'rank at work', ...progress }),
          () => performance.now(),
        ),
      ...(timeLimit && { timeLimit }),
      onWarning: (warning) => logger.warn(warning, { run_id: runId, rank }),
    });
  });
  const milliseconds = performance.now() - started;
  log(
    { message: 'rank ends', rank, samples: answer.samples },
    { status: answer.status, milliseconds, fmi: answer.fmi },
  );
  metrics.addMetadata('run_id', runId);
  metrics.addMetadata('rank', String(rank));
  metrics.addMetric('Samples', MetricUnit.Count, answer.samples);
  metrics.addMetric('RankDuration', MetricUnit.Milliseconds, milliseconds);
  metrics.publishStoredMetrics();
  return answer;
}
