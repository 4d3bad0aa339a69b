import { join } from 'node:path';
import { freshBundle, root } from '@cosmicai/deploy';
import { valueOf } from '@cosmicai/payload';
import { coresGiven } from '@cosmicai/inference';
import { knownToBeSound } from '../definition/check-structure.ts';
import { loadDefinition, loadFunctionNames } from '../definition/load.ts';
import type { JsonObject } from '../definition/types.ts';
import type { FunctionConfig } from '../pool/function-config.ts';

/** Lambda's longest; the state machine's own time-outs are shorter than a day. */
const TIMEOUT_SECONDS = 900;
const SMALL_FUNCTION_MIB = 1024;

/** Our functions by the short names that `--functions` files use, with the service that holds each. */
const SERVICES = {
  init: 'init',
  initFmi: 'init',
  infer: 'inference',
  summarize: 'summarize',
  resultSummary: 'summarize',
} as const;
type FunctionName = keyof typeof SERVICES;

/** Names by which the deployed definition calls our functions in the stage `local`. */
const DEPLOYED_NAMES: Readonly<Record<string, FunctionName>> = {
  'cosmicai-init-local-init': 'init',
  'cosmicai-init-local-initFmi': 'initFmi',
  'cosmicai-inference-local-inference': 'infer',
  'cosmicai-summarize-local-summarize': 'summarize',
};

const VARIABLES = {
  'sls:stage': 'local',
  'self:custom.options.map_execution_type': 'STANDARD',
  'self:custom.options.infer_qualifier': '',
};

/**
 * The state machine to run: the deployed one, or the user's own with its function names replaced by ours.
 *
 * @param functionsFile file that says which of our functions stands for which of theirs
 */
export function loadMachine(definitionFile: string | undefined, functionsFile: string | undefined): JsonObject {
  const definition = loadDefinition(definitionFile ?? join(root, 'state-machine.asl.yml'), {
    variables: VARIABLES,
    functions: functionsFile === undefined ? DEPLOYED_NAMES : loadFunctionNames(functionsFile),
  });
  // Tests and each deployment validate the one that is deployed.
  return definitionFile === undefined && functionsFile === undefined ? knownToBeSound(definition) : definition;
}

export interface FunctionOptions {
  readonly modelPath: string;
  /** MiB that a rank may use. */
  readonly memoryMiB: number;
  /** Ranks at once: they share the cores. */
  readonly concurrency: number;
  /** Where bare bucket names lie. */
  readonly store: string | undefined;
  readonly environment?: Readonly<Record<string, string>>;
  /** Longest that a call may take; default: Lambda's longest. */
  readonly timeoutSeconds?: number | undefined;
}

/** Bundles the handlers as for deployment and says how to run each as a process. */
export async function localFunctions(options: FunctionOptions): Promise<Record<FunctionName, FunctionConfig>> {
  const services = [...new Set(Object.values(SERVICES))];
  const folders = new Map(
    await Promise.all(services.map(async (service) => [service, await freshBundle(service)] as const)),
  );
  const environment = {
    ...options.environment,
    COSMICAI_MODEL: options.modelPath,
    COSMICAI_WORKERS: String(Math.max(1, Math.floor(coresGiven() / options.concurrency))),
    ...(options.store !== undefined && { COSMICAI_STORE: options.store }),
  };
  const config = (name: FunctionName): FunctionConfig => ({
    bundle: join(valueOf(folders, SERVICES[name]), 'handler.mjs'),
    handler: name,
    memoryMiB: name === 'infer' ? options.memoryMiB : SMALL_FUNCTION_MIB,
    timeoutSeconds: options.timeoutSeconds ?? TIMEOUT_SECONDS,
    environment,
  });
  return Object.fromEntries((Object.keys(SERVICES) as FunctionName[]).map((name) => [name, config(name)])) as Record<
    FunctionName,
    FunctionConfig
  >;
}
