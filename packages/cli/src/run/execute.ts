import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runLocally, type Json, type LocalRunResult } from '@cosmicai/local';
import { openStore } from '@cosmicai/store';
import { resolveModel } from '../inputs/files.ts';
import type { Terminal } from '../output/terminal.ts';
import { loadMachine, localFunctions } from './functions.ts';
import { RunProgress } from './run-progress.ts';

export interface ExecuteOptions {
  readonly payload: Readonly<Record<string, unknown>>;
  readonly model?: string;
  /** Memory of a rank, MiB. */
  readonly memory: number;
  /** Ranks at once, default one per core. */
  readonly concurrency?: number;
  readonly store?: string;
  readonly definition?: string;
  readonly functions?: string;
  /** Folder of an earlier execution to go on with. */
  readonly resume?: string;
  readonly quiet?: boolean;
}

export interface Execution extends LocalRunResult {
  /** Folder of events, logs and REPORT lines. */
  readonly directory: string;
}

/** Runs the workflow on this machine: the deployed definition, the deployed bundles, child processes for functions. */
export async function execute(options: ExecuteOptions, terminal: Terminal): Promise<Execution> {
  const concurrency = options.concurrency ?? availableParallelism();
  const definition = loadMachine(options.definition, options.functions);
  const modelPath = await resolveModel(options.model, terminal);
  const functions = await localFunctions({ modelPath, memoryMiB: options.memory, concurrency, store: options.store });
  const directory =
    options.resume === undefined ? newDirectory(options.payload, terminal) : resolve(terminal.cwd, options.resume);
  await createLocalBucket(options.payload.bucket);
  const progress = new RunProgress(terminal);
  const result = await runLocally({
    definition,
    input: options.payload as Json,
    functions,
    runDirectory: directory,
    store: (bucket) => openStore(bucket, options.store === undefined ? {} : { base: options.store }),
    concurrency,
    signal: terminal.signal,
    onEvent: (event) => options.quiet !== true && progress.show(event),
    resume: options.resume !== undefined,
  });
  return { ...result, directory };
}

/** Beside the results when they are on this machine, else below the current folder. */
function newDirectory(payload: Readonly<Record<string, unknown>>, terminal: Terminal): string {
  const { bucket, result_path: resultPath = 'results' } = payload;
  const name = `${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}-${randomUUID().slice(0, 4)}`;
  const local = typeof bucket === 'string' && bucket.startsWith('file://') && typeof resultPath === 'string';
  const results = local ? join(fileURLToPath(bucket), resultPath) : resolve(terminal.cwd, 'cosmicai');
  return join(results, 'executions', name);
}

/** A results folder of this machine is made; a bucket that doesn't exist stays an error. */
async function createLocalBucket(bucket: unknown): Promise<void> {
  if (typeof bucket === 'string' && bucket.startsWith('file:///'))
    await mkdir(fileURLToPath(bucket), { recursive: true });
}
