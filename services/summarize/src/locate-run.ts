import { plannedRunSchema, UserInputError } from '@cosmicai/payload';
import { placeOfRun, type RunPlace } from '@cosmicai/runs';
import { z } from 'zod';

const reference = plannedRunSchema.shape.run;
const item = z.object({ RUN_ID: z.string(), S3_BUCKET: z.string(), RESULT_PATH: z.string() });

const fromReference = reference.transform((run) => placeOfRun(run));
const fromItem = item.transform((task): RunPlace => ({
  bucket: task.S3_BUCKET,
  resultPath: task.RESULT_PATH,
  runId: task.RUN_ID,
}));

/**
 * Finds the run in the input of Summarize. Our state machine passes `run`; others pass what their Map left over: the answer
 * of Initialize (perhaps under `lambda_result`), its `body`, or the answers of the ranks.
 */
export function locateRun(input: unknown): RunPlace {
  const found = findRun(input);
  if (found !== undefined) return found;
  throw new UserInputError(
    'The input of Summarize names no run: expected "run" as Initialize answers it, its items under "body", or the answers of the ranks.',
  );
}

export function findRun(input: unknown): RunPlace | undefined {
  for (const candidate of candidates(input, 4)) {
    const found = z.union([fromReference, fromItem]).safeParse(candidate);
    if (found.success) return found.data;
  }
  return undefined;
}

/** The value and, level by level, the values in it that may name a run; of a list the first is enough. */
function* candidates(value: unknown, depth: number): Generator {
  if (depth === 0 || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    yield* candidates(value[0], depth);
    return;
  }
  yield value;
  for (const inner of Object.values(value)) yield* candidates(inner, depth - 1);
}
