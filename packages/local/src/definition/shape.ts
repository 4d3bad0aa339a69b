import { parseAs } from '@cosmicai/payload';
import { z } from 'zod';

const name = z.string({ error: 'the name of a state' });
const handler = z.looseObject(
  { ErrorEquals: z.array(z.string({ error: 'the name of an error' }), { error: 'a list of the names of errors' }) },
  { error: 'an object with ErrorEquals' },
);
const object = z.looseObject({}, { error: 'an object' });

const machine: z.ZodType = z.lazy(() =>
  z.looseObject(
    {
      StartAt: name,
      States: z.record(z.string(), state, { error: 'an object from the names of states to states' }),
    },
    { error: 'a state machine: an object with StartAt and States' },
  ),
);
const state: z.ZodType = z.lazy(() =>
  z.looseObject(
    {
      Type: z.string({ error: 'the type of a state, e.g. Task' }),
      Next: name.optional(),
      Default: name.optional(),
      Choices: z.array(object, { error: 'a list of choice rules' }).optional(),
      Retry: z.array(handler, { error: 'a list of retriers' }).optional(),
      Catch: z.array(handler, { error: 'a list of catchers' }).optional(),
      Branches: z.array(machine, { error: 'a list of state machines' }).optional(),
      ItemProcessor: machine.optional(),
      Iterator: machine.optional(),
    },
    { error: 'a state: an object with Type' },
  ),
);

/**
 * Checks what everything that reads a definition goes by: where machines, states and handlers stand, and that they are there.
 *
 * @throws InvalidInputError naming each place
 */
export function checkShape(definition: unknown): void {
  parseAs(machine, definition, 'state machine');
}
