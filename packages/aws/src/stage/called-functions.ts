import { EnvironmentError, functionNameOf, parseAs } from '@cosmicai/payload';
import { z } from 'zod';

const task = z.object({ Type: z.literal('Task'), Parameters: z.object({ FunctionName: z.string() }) });
const map = z.object({
  Type: z.literal('Map'),
  Next: z.string(),
  ItemProcessor: z.object({
    ProcessorConfig: z.object({ ExecutionType: z.string().optional() }),
    States: z.record(z.string(), z.unknown()),
  }),
});
const machine = z.object({ States: z.record(z.string(), z.unknown()) });

/** The functions that a definition calls, as it names them: with qualifiers, or by ARN. */
export interface CalledFunctions {
  /** Names alone, each once: log groups and REPORT lines go by them. */
  readonly names: readonly string[];
  /** Of one rank. */
  readonly rank: string;
  /** Of what follows the Map. */
  readonly summarize: string;
  /** EXPRESS children have no history. */
  readonly childType: 'STANDARD' | 'EXPRESS';
}

/** @throws EnvironmentError when it isn't the definition that this version deploys */
export function calledFunctions(definition: unknown): CalledFunctions {
  const { States } = parseAs(machine, definition, 'deployed state machine');
  const found = Object.values(States).flatMap((state) => map.safeParse(state).data ?? []);
  const inner = found.flatMap(({ ItemProcessor }) => Object.values(ItemProcessor.States)).flatMap(functionOf);
  const after = found.flatMap(({ Next }) => functionOf(States[Next]));
  const [first] = found;
  const [rank] = inner;
  const [summarize] = after;
  if (first === undefined || rank === undefined || summarize === undefined) {
    throw new EnvironmentError(
      'The deployed state machine has no Map that calls a function for each rank and another one afterwards. Deploy the stage again.',
    );
  }
  const names = [...Object.values(States).flatMap(functionOf), ...inner].map(functionNameOf);
  const childType = first.ItemProcessor.ProcessorConfig.ExecutionType === 'EXPRESS' ? 'EXPRESS' : 'STANDARD';
  return { names: [...new Set(names)], rank, summarize, childType };
}

function functionOf(state: unknown): string[] {
  const { data } = task.safeParse(state);
  return data === undefined ? [] : [data.Parameters.FunctionName];
}
