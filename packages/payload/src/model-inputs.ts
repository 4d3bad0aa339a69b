import type { z } from 'zod';
import { strictFields } from './field-names.ts';
import { text } from './fields.ts';

const name = text('a name in the model').optional();

/** What a model of galaxies takes and gives, by the names that models of `cosmicai model import` use. */
export const MODEL_ROLES = ['image', 'magnitudes', 'redshift'] as const;
export type ModelRole = (typeof MODEL_ROLES)[number];

/** How a model made elsewhere calls its inputs and its output; what isn't named has the role's own name. */
export const modelInputsSchema = strictFields(
  { image: name, magnitudes: name, redshift: name },
  'an object that says how the model calls image, magnitudes and redshift: {"image": "input"}',
);
export type ModelInputs = z.output<typeof modelInputsSchema>;
