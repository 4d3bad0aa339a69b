import { isObject, type Json, type JsonObject } from '../definition/types.ts';
import { evaluateTemplate } from '../interpreter/evaluate.ts';
import { StateError } from '../interpreter/state-error.ts';
import { numberField } from './numbers.ts';

/** Input of one child execution, and how many of the Map's items it holds. */
export interface ChildInput {
  readonly input: Json;
  readonly items: number;
}

/** ItemSelector, then ItemBatcher: the input of each child execution. */
export async function childInputs(
  map: JsonObject,
  items: readonly Json[],
  input: Json,
  context: JsonObject,
): Promise<ChildInput[]> {
  const selected = await selectItems(map, items, input, context);
  if (!isObject(map.ItemBatcher)) return selected.map((item) => ({ input: item, items: 1 }));
  const batcher = map.ItemBatcher;
  const maxItems = await numberField(batcher, 'MaxItemsPerBatch', { min: 1 }, input, context);
  const maxBytes = await numberField(batcher, 'MaxInputBytesPerBatch', { min: 1 }, input, context);
  const shared =
    batcher.BatchInput === undefined ? {} : { BatchInput: await evaluateTemplate(batcher.BatchInput, input, context) };
  return batchItems(selected, shared, maxItems ?? Infinity, maxBytes ?? Infinity);
}

async function selectItems(map: JsonObject, items: readonly Json[], input: Json, context: JsonObject): Promise<Json[]> {
  const template = map.ItemSelector ?? map.Parameters;
  if (template === undefined) return [...items];
  const selected: Json[] = [];
  for (const [index, item] of items.entries()) {
    const own = { ...context, Map: { Item: { Index: index, Value: item } } };
    selected.push(await evaluateTemplate(template, input, own));
  }
  return selected;
}

/** Groups items into `{BatchInput?, Items}` so that no batch exceeds either limit. */
function batchItems(items: readonly Json[], shared: JsonObject, maxItems: number, maxBytes: number): ChildInput[] {
  const overhead = sizeOf({ ...shared, Items: [] });
  const batches: Json[][] = [];
  let bytes = Infinity;
  for (const item of items) {
    const size = sizeOf(item) + 1;
    if (overhead + size > maxBytes) {
      throw new StateError(
        'States.Runtime',
        `An item of ${size} bytes does not fit into a batch of MaxInputBytesPerBatch ${maxBytes} bytes.`,
      );
    }
    const last = batches.at(-1);
    if (last === undefined || last.length >= maxItems || bytes + size > maxBytes) {
      batches.push([item]);
      bytes = overhead + size;
    } else {
      last.push(item);
      bytes += size;
    }
  }
  return batches.map((batch) => ({ input: { ...shared, Items: batch }, items: batch.length }));
}

function sizeOf(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}
