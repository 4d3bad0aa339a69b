import { describe, type Json, type JsonObject } from '@cosmicai/payload';

export type { Json, JsonObject };

/** One state of the Amazon States Language, after the support gate has let it pass. */
export interface StateDefinition extends JsonObject {
  readonly Type: string;
}

/** A state machine, or what an ItemProcessor or a branch holds: states and where to start. */
export interface MachineDefinition extends JsonObject {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, StateDefinition>> & JsonObject;
}

/** A field that the object has of its own: `constructor` and the like are not a state type, variable or function. */
export function ownValue<Value>(object: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The machine that a Map runs for each item, in the new or the old spelling. */
export function itemProcessorOf(map: JsonObject): JsonObject | undefined {
  const processor = map.ItemProcessor ?? map.Iterator;
  return isObject(processor) ? processor : undefined;
}

/** ProcessorConfig stands inside the processor; older definitions have it beside the Iterator. */
export function processorConfigOf(map: JsonObject): JsonObject | undefined {
  const config = itemProcessorOf(map)?.ProcessorConfig ?? map.ProcessorConfig;
  return isObject(config) ? config : undefined;
}

export function isDistributedMap(state: JsonObject): boolean {
  return state.Type === 'Map' && processorConfigOf(state)?.Mode === 'DISTRIBUTED';
}

/** A field that should be text, as text; anything else as people would recognise it in a message. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : describe(value);
}
