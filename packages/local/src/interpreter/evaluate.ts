import type { Json, JsonObject } from '../definition/types.ts';
import { runMachine } from './run-machine.ts';

/**
 * Fills in a payload template (`Name.$` fields hold JSONPaths or intrinsic functions). The interpreter does it, in a Pass
 * state of its own, so that there is one reading of paths and intrinsics.
 *
 * @throws StateError States.Runtime when a path points to no value
 */
export async function evaluateTemplate(template: Json, input: Json, context: JsonObject): Promise<Json> {
  return runMachine(
    { StartAt: 'Template', States: { Template: { Type: 'Pass', Parameters: template, End: true } } },
    input,
    { context },
  );
}

/** @throws StateError States.Runtime when the path points to no value */
export async function evaluatePath(path: string, input: Json, context: JsonObject): Promise<Json> {
  if (path === '$') return input;
  return runMachine({ StartAt: 'Path', States: { Path: { Type: 'Pass', InputPath: path, End: true } } }, input, {
    context,
  });
}
