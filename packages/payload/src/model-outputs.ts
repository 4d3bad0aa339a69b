import { z } from 'zod';
import { answerColumns } from './answer-columns.ts';
import { PREDICTION_COLUMNS } from './partition-columns.ts';
import { modelOutputSchema, type ModelOutput } from './model-output.ts';

const MOST_OUTPUTS = 16;
/** Numbers in all answers for a galaxy together. */
const MOST_NUMBERS = 8192;

/** What a model answers: one thing, or several at once. */
export const modelOutputsSchema = z
  .array(modelOutputSchema, { error: 'a list of outputs' })
  .min(1, { error: 'at least one output' })
  .max(MOST_OUTPUTS, { error: `at most ${MOST_OUTPUTS} outputs` })
  .check(({ value, issues }) => {
    const problem = clash(value);
    if (problem !== undefined) issues.push({ code: 'custom', input: value, message: problem });
  });

/** Why outputs can't stand beside each other. */
function clash(outputs: readonly ModelOutput[]): string | undefined {
  const taken = outputs.flatMap((output) => [
    output.name,
    ...(output.kind === 'value+sigma' && output.sigma !== undefined ? [output.sigma] : []),
  ]);
  const twice = repeated(taken);
  if (twice !== undefined) return `each output of the model once (${twice} is there twice)`;
  const { beside } = answerColumns(outputs);
  const column = repeated([...PREDICTION_COLUMNS, ...beside.map(({ name }) => name)]);
  if (column !== undefined) return `outputs that don’t give the column ${column} of the predictions twice`;
  const numbers = beside.reduce((sum, kind) => sum + (kind.type === 'numbers' ? kind.length : 1), 0);
  return numbers > MOST_NUMBERS ? `outputs of at most ${MOST_NUMBERS} numbers together` : undefined;
}

function repeated(names: readonly string[]): string | undefined {
  return names.find((name, at) => names.indexOf(name) !== at);
}
