import { z } from 'zod';
import { strictFields } from './field-names.ts';

/** What a model answers for a galaxy; the kinds are a closed set. */
export type ModelOutput = ValueOutput | UncertainOutput | ClassesOutput | DensityOutput | VectorOutput;

interface NamedOutput {
  /** As the model calls it. */
  readonly name: string;
  readonly unit?: string | undefined;
}

/** One number: `[n]` or `[n, 1]`. */
export interface ValueOutput extends NamedOutput {
  readonly kind: 'value';
}

/** A number and how far off it may be: `[n, 2]`, or two outputs of one number each. */
export interface UncertainOutput extends NamedOutput {
  readonly kind: 'value+sigma';
  /** Output of its own that holds the uncertainty; undefined: the second number of `name` does. */
  readonly sigma?: string | undefined;
  readonly sigma_is: (typeof SPREADS)[number];
}

/** A score for each of several classes: `[n, labels]`. */
export interface ClassesOutput extends NamedOutput {
  readonly kind: 'classes';
  readonly labels: readonly string[];
  readonly scores: (typeof SCORES)[number];
}

/** A score for each bin of a grid: `[n, bins]`. */
export interface DensityOutput extends NamedOutput {
  readonly kind: 'density';
  /** Edges of the bins, one more than there are bins, rising. */
  readonly grid: readonly number[];
  readonly scores: (typeof SCORES)[number];
}

/** Numbers without a meaning of their own, such as an embedding: `[n, length]`. */
export interface VectorOutput extends NamedOutput {
  readonly kind: 'vector';
  readonly length: number;
}

export const OUTPUT_KINDS = ['value', 'value+sigma', 'classes', 'density', 'vector'] as const;
const SPREADS = ['sigma', 'variance', 'log_variance'] as const;
const SCORES = ['probabilities', 'logits'] as const;

/** Numbers that a galaxy's answer may have: a column of more would be the greater part of a run. */
const LARGEST_ANSWER = 4096;

/** What models are taken to answer that say nothing of it. */
export const REDSHIFT_OUTPUT: ValueOutput = { name: 'redshift', kind: 'value' };

/** Numbers in the answer for a galaxy. */
export function answerWidth(output: ModelOutput): number {
  switch (output.kind) {
    case 'value':
      return 1;
    case 'value+sigma':
      return 2;
    case 'classes':
      return output.labels.length;
    case 'density':
      return output.grid.length - 1;
    case 'vector':
      return output.length;
  }
}

const AN_OUTPUT = `an object with name and kind (${OUTPUT_KINDS.join(', ')}) and what that kind needs`;
const name = z.string({ error: 'a name' }).min(1, { error: 'a name' });
/** Labels are names of columns in tables of any format. */
const label = name.regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, { error: 'a label without line ends, tabs and the like' });
const number = z.number({ error: 'a number' });
const scores = z.enum(SCORES, { error: `what the numbers are: ${SCORES.join(' or ')}` }).default('probabilities');
const unit = z.string({ error: 'a text' }).optional();
/** The fields of an output of a kind. */
const kindOf = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => strictFields(shape, AN_OUTPUT);
const lengths = `2 to ${LARGEST_ANSWER}`;

/** What people write of an output. */
export const modelOutputSchema = z.discriminatedUnion(
  'kind',
  [
    kindOf({ name, kind: z.literal('value'), unit }),
    kindOf({
      name,
      kind: z.literal('value+sigma'),
      unit,
      sigma: name.optional(),
      sigma_is: z.enum(SPREADS, { error: `what the second number is: ${SPREADS.join(', ')}` }).default('sigma'),
    }),
    kindOf({
      name,
      kind: z.literal('classes'),
      unit,
      labels: z
        .array(label, { error: `${lengths} labels, one for each class` })
        .min(2, { error: `${lengths} labels` })
        .max(LARGEST_ANSWER, { error: `${lengths} labels` })
        .refine((labels) => new Set(labels).size === labels.length, { error: 'each label once' }),
      scores,
    }),
    kindOf({
      name,
      kind: z.literal('density'),
      unit,
      grid: z
        .array(number, { error: 'edges of the bins, one more than there are bins' })
        .min(3, { error: `edges of ${lengths} bins` })
        .max(LARGEST_ANSWER + 1, { error: `edges of ${lengths} bins` })
        .refine((edges) => edges.every((edge, at) => at === 0 || edge > (edges[at - 1] ?? Infinity)), {
          error: 'edges that rise',
        }),
      scores,
    }),
    kindOf({
      name,
      kind: z.literal('vector'),
      unit,
      length: z
        .int({ error: `1 to ${LARGEST_ANSWER} numbers` })
        .min(1, { error: `1 to ${LARGEST_ANSWER} numbers` })
        .max(LARGEST_ANSWER, { error: `1 to ${LARGEST_ANSWER} numbers` }),
    }),
  ],
  { error: AN_OUTPUT },
);
