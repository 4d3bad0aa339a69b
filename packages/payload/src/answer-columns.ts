import { answerWidth, type ModelOutput } from './model-output.ts';

/** Names of columns that an answer of some kind gives. */
export const ANSWER_COLUMNS = { sigma: 'z_sigma', density: 'z_density', class: 'class', vector: 'vector' } as const;

/** The column of a class's probability. */
export function probabilityColumn(label: string): string {
  return `p_${label}`;
}

/** What a column of an answer holds. */
export type AnswerColumnKind =
  | { readonly name: string; readonly type: 'number' | 'text' }
  | { readonly name: string; readonly type: 'numbers'; readonly length: number };

/** Which columns an answer gives: whether there is a redshift, and what there is besides, lists of numbers last. */
export function answerColumns(output: ModelOutput): {
  readonly redshift: boolean;
  readonly beside: readonly AnswerColumnKind[];
} {
  const sigma = { name: ANSWER_COLUMNS.sigma, type: 'number' } as const;
  const numbers = (name: string) => ({ name, type: 'numbers', length: answerWidth(output) }) as const;
  switch (output.kind) {
    case 'value':
      return { redshift: true, beside: [] };
    case 'value+sigma':
      return { redshift: true, beside: [sigma] };
    case 'density':
      return { redshift: true, beside: [sigma, numbers(ANSWER_COLUMNS.density)] };
    case 'classes': {
      const probabilities = output.labels.map((label) => ({ name: probabilityColumn(label), type: 'number' }) as const);
      return { redshift: false, beside: [{ name: ANSWER_COLUMNS.class, type: 'text' }, ...probabilities] };
    }
    case 'vector':
      return { redshift: false, beside: [numbers(ANSWER_COLUMNS.vector)] };
  }
}
