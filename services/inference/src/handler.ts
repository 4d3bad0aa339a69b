import { arch } from 'node:process';
import { fileURLToPath } from 'node:url';
import { ModelCache, peakRssMb, runRank } from '@cosmicai/inference';
import { parseAs, rankTaskSchema, type RankAnswer } from '@cosmicai/payload';
import { openStore } from '@cosmicai/store';

/** The model packed beside the bundle, unless COSMICAI_MODEL names another. */
const defaultModelPath = process.env.COSMICAI_MODEL ?? fileURLToPath(new URL('./model.onnx', import.meta.url));
const workers = Number(process.env.COSMICAI_WORKERS ?? 0);
const models = new ModelCache({ openStore, defaultModelPath, sessions: workers > 0 ? { workers } : {} });
const memoryLimit = Number(process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE ?? 0);

/** Whether no task has come to this process yet. */
let first = true;

/** Runs one rank. Input: an item of the manifest or of another initializer's `body`. */
export function infer(item: unknown): Promise<RankAnswer> {
  const coldStart = first;
  first = false;
  return runRank(parseAs(rankTaskSchema, item, 'rank task'), {
    openStore,
    loadModel: (task) => models.load(task),
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
  });
}
