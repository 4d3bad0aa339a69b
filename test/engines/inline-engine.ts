import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { composePayload, Job, type Engine, type EngineContext, type LogLine } from '../../packages/engine/src/index.ts';
import { FunctionError, loadMachine, placeOf, runLocally, type FunctionPool } from '../../packages/local/src/index.ts';
import { UserInputError, type JsonObject } from '../../packages/payload/src/index.ts';
import { infer } from '../../services/inference/src/handler.ts';
import { init } from '../../services/init/src/handler.ts';
import { summarize } from '../../services/summarize/src/handler.ts';

const FUNCTIONS: Readonly<Record<string, (input: unknown) => Promise<unknown>>> = {
  init,
  initFmi: init,
  infer,
  summarize,
};
const NO_PROCESS = { bundle: '', handler: '', memoryMiB: 1, timeoutSeconds: 1 };
const functions = Object.fromEntries(Object.keys(FUNCTIONS).map((name) => [name, NO_PROCESS]));
const definition = loadMachine(undefined, undefined);

/** The least that is an engine: the deployed state machine, whose functions are called in this process. */
export function inlineEngine({ cwd, signal: stopped }: EngineContext): Engine {
  const executions = new Map<string, { readonly input: JsonObject; readonly printed: LogLine[]; readonly job: Job }>();
  const known = (name = '') => {
    const execution = executions.get(name);
    if (execution === undefined) throw new UserInputError(`There is no execution ${name}.`);
    return execution;
  };
  const begin = (execution: string, input: JsonObject, printed: LogLine[] = [], resume = false) => {
    const pool = inlinePool(printed);
    const job = new Job(stopped, async ({ see: onEvent, signal }) => {
      const how = { runDirectory: execution, resume, concurrency: 1, signal, onEvent };
      const result = await runLocally({ definition, input, functions, pool, ...how });
      return { ...result, execution, directory: execution, definition, place: placeOf(result.events, undefined) };
    });
    executions.set(execution, { input, printed, job });
    return Promise.resolve(execution);
  };
  return {
    name: 'inline',
    start: async ({ fields = {}, changes, like }) => {
      const payload = like === undefined ? composePayload(fields, changes, cwd).payload : known(like).input;
      return begin(join(cwd, randomUUID()), payload as JsonObject);
    },
    events: async (name, watch) => known(name).job.watch(watch),
    stop: async (name = '') => {
      if (known(name).job.isOver) throw new UserInputError('It is over.');
      await known(name).job.stop('stopped');
      return name;
    },
    resume: async (name = '') => begin(name, known(name).input, known(name).printed, true),
    logs: async ({ execution, function: asked = '' }) => {
      const found = known(execution).printed.filter((line) => line.function.includes(asked));
      if (found.length === 0) throw new UserInputError(`No function is called ${asked}.`);
      return found;
    },
    folderOf: (name) => name,
    commands: (name) => ({ goOn: `go on with ${name}`, follow: `follow ${name}`, stop: `stop ${name}` }),
  };
}

function inlinePool(printed: LogLine[]): FunctionPool {
  return {
    names: Object.keys(FUNCTIONS),
    close: () => Promise.resolve(),
    async invoke(functionName, payload, { onReport, signal } = {}) {
      signal?.throwIfAborted();
      const requestId = randomUUID();
      try {
        return { requestId, payload: JSON.stringify(await FUNCTIONS[functionName]!(JSON.parse(payload))) };
      } catch (error) {
        throw new FunctionError('', { errorType: (error as Error).name, errorMessage: (error as Error).message });
      } finally {
        printed.push({ time: null, function: functionName, message: functionName === 'infer' ? 'rank ends' : 'done' });
        const measured = { durationMs: 1, billedDurationMs: 1, memorySizeMb: 1, maxMemoryUsedMb: 1 };
        onReport?.({ functionName, requestId, ...measured });
      }
    },
  };
}
