import { z } from 'zod';
import { parseAs } from '@cosmicai/payload';

const next = z.looseObject({ Next: z.string() });
const state = z.looseObject({
  Type: z.string(),
  Next: z.string().optional(),
  Default: z.string().optional(),
  Choices: z.array(next).optional(),
  Catch: z.array(next).optional(),
});
const definitionSchema = z.looseObject({ StartAt: z.string(), States: z.record(z.string(), state) });

export interface Transition {
  readonly from: string;
  readonly to: string;
  readonly kind: 'next' | 'choice' | 'catch';
}

export interface MachineGraph {
  /** In the order of the definition, the first state first. */
  readonly states: readonly { readonly name: string; readonly type: string }[];
  readonly transitions: readonly Transition[];
}

/** The outer states of a definition in the Amazon States Language, parsed from JSON or YAML. @throws InvalidInputError */
export function graphOf(definition: unknown): MachineGraph {
  const { StartAt, States } = parseAs(definitionSchema, definition, 'state machine definition');
  const names = Object.keys(States);
  const transitions = Object.entries(States).flatMap(([from, { Next, Default, Choices = [], Catch = [] }]) => [
    ...(Next === undefined ? [] : [{ from, to: Next, kind: 'next' as const }]),
    ...Choices.map((choice) => ({ from, to: choice.Next, kind: 'choice' as const })),
    ...(Default === undefined ? [] : [{ from, to: Default, kind: 'choice' as const }]),
    ...Catch.map((caught) => ({ from, to: caught.Next, kind: 'catch' as const })),
  ]);
  const known = transitions.filter(({ to }) => to in States);
  const unique = known.filter(
    ({ from, to }, at) => known.findIndex((other) => other.from === from && other.to === to) === at,
  );
  return {
    states: [StartAt, ...names.filter((name) => name !== StartAt)].flatMap((name) => {
      const found = States[name];
      return found === undefined ? [] : [{ name, type: found.Type }];
    }),
    transitions: unique,
  };
}
