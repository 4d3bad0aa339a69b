import { itemAt } from './known.ts';
import { answerWidth, type ModelOutput } from './model-output.ts';

/** Names of columns that the first answer of a kind gives. */
export const ANSWER_COLUMNS = { sigma: 'z_sigma', density: 'z_density', class: 'class', vector: 'vector' } as const;

/** What a column of an answer holds. */
export type AnswerColumnKind =
  | { readonly name: string; readonly type: 'number' | 'text' }
  | { readonly name: string; readonly type: 'numbers'; readonly length: number };

/** Names of the columns of one answer among a model's. */
export interface AnswerNames {
  /** Null: it is the redshift of the predictions. */
  readonly value: string | null;
  readonly sigma: string;
  readonly density: string;
  readonly class: string;
  probability(label: string): string;
  readonly vector: string;
}

/**
 * The first answer of a kind has the usual names: z_pred, z_sigma, z_density; class, p_<label>; vector. A further one has its own
 * name in their place: mass, mass_sigma, mass_density; mass, mass_p_<label>; mass.
 */
export function answerNames(outputs: readonly ModelOutput[]): readonly AnswerNames[] {
  const given = new Set<'redshift' | 'classes' | 'vector'>();
  return outputs.map(({ kind, name }) => {
    const group = kind === 'classes' || kind === 'vector' ? kind : 'redshift';
    const isFirst = !given.has(group);
    given.add(group);
    if (isFirst) return { value: null, ...ANSWER_COLUMNS, probability: (label) => `p_${label}` };
    return {
      value: name,
      sigma: `${name}_sigma`,
      density: `${name}_density`,
      class: name,
      probability: (label) => `${name}_p_${label}`,
      vector: name,
    };
  });
}

/** Which columns answers give: whether there is a redshift, and what there is besides, lists of numbers last. */
export function answerColumns(outputs: readonly ModelOutput[]): {
  readonly redshift: boolean;
  readonly beside: readonly AnswerColumnKind[];
} {
  const names = answerNames(outputs);
  const all = outputs.flatMap((output, at) => columnsOf(output, itemAt(names, at)));
  const isList = ({ type }: AnswerColumnKind) => type === 'numbers';
  return {
    redshift: outputs.some(({ kind }) => kind !== 'classes' && kind !== 'vector'),
    beside: [...all.filter((column) => !isList(column)), ...all.filter(isList)],
  };
}

function columnsOf(output: ModelOutput, names: AnswerNames): AnswerColumnKind[] {
  const number = (name: string) => ({ name, type: 'number' }) as const;
  const numbers = (name: string) => ({ name, type: 'numbers', length: answerWidth(output) }) as const;
  const value = names.value === null ? [] : [number(names.value)];
  switch (output.kind) {
    case 'value':
      return value;
    case 'value+sigma':
      return [...value, number(names.sigma)];
    case 'density':
      return [...value, number(names.sigma), numbers(names.density)];
    case 'classes':
      return [{ name: names.class, type: 'text' }, ...output.labels.map((label) => number(names.probability(label)))];
    case 'vector':
      return [numbers(names.vector)];
  }
}
