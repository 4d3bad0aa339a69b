import { functionNameOf } from '@cosmicai/payload';
import { z } from 'zod';

/** A Map state that runs child executions, as its bill depends on it. */
export interface DistributedMap {
  /** Express children are billed by requests and duration, Standard ones by state transitions. */
  readonly childType: 'STANDARD' | 'EXPRESS';
  /** Names of the functions that its children call, Maps in them left out. */
  readonly functions: readonly string[];
}

const states = z.record(z.string(), z.unknown());
const machine = z.object({ States: states });
const task = z.object({ Type: z.literal('Task'), Parameters: z.object({ FunctionName: z.string() }) });
const map = z.object({
  Type: z.literal('Map'),
  ItemProcessor: z.object({
    ProcessorConfig: z.object({ Mode: z.string(), ExecutionType: z.string().optional() }).optional(),
    States: states,
  }),
});

/** The Distributed Maps of a definition by the names of their states, those inside others too; of anything else, none. */
export function mapsOf(definition: unknown): ReadonlyMap<string, DistributedMap> {
  const found = new Map<string, DistributedMap>();
  const look = (within: Readonly<Record<string, unknown>>) => {
    for (const [name, state] of Object.entries(within)) {
      const { data } = map.safeParse(state);
      if (data === undefined) continue;
      const { ProcessorConfig, States: inner } = data.ItemProcessor;
      if (ProcessorConfig?.Mode === 'DISTRIBUTED') {
        const functions = Object.values(inner).flatMap(
          (each) => task.safeParse(each).data?.Parameters.FunctionName ?? [],
        );
        const childType = ProcessorConfig.ExecutionType === 'EXPRESS' ? 'EXPRESS' : 'STANDARD';
        found.set(name, { childType, functions: functions.map(functionNameOf) });
      }
      look(inner);
    }
  };
  look(machine.safeParse(definition).data?.States ?? {});
  return found;
}
