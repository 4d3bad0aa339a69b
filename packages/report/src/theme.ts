/** Colours by their role. Text on `paper` and on `panel` has a contrast of at least 4.5, marks of at least 3 (WCAG 2.2, AA). */
export interface Theme {
  readonly paper: string;
  readonly panel: string;
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly accent: string;
  readonly good: string;
  readonly bad: string;
  readonly warn: string;
  /** Categories: phases of a rank, batch sizes. */
  readonly series: readonly string[];
  /** Density from few to many. */
  readonly density: readonly string[];
}

export const LIGHT: Theme = {
  paper: '#ffffff',
  panel: '#f6f7f9',
  ink: '#1c2430',
  muted: '#566170',
  line: '#dfe3e8',
  accent: '#2c5f93',
  good: '#23704c',
  bad: '#a8323a',
  warn: '#8a5a12',
  series: ['#7f8894', '#b4483f', '#b0701c', '#8a6fb3', '#2b8579', '#2f6aa8', '#a8517f', '#6d7a24'],
  density: ['#8fa9c6', '#6c8fb5', '#4b76a4', '#305d8f', '#1c4676', '#0b2c55'],
};

export const DARK: Theme = {
  paper: '#12161c',
  panel: '#1a2028',
  ink: '#e7ebf0',
  muted: '#a5afbc',
  line: '#2c343e',
  accent: '#86b6e8',
  good: '#74c79b',
  bad: '#f0908f',
  warn: '#e2b166',
  series: ['#8d97a5', '#ec8f85', '#dda25a', '#b7a0e0', '#62bfb1', '#79b0ea', '#dc93ba', '#b3c163'],
  density: ['#3f5f82', '#4f779f', '#658fba', '#83aad3', '#a9c9ea', '#dcebfa'],
};

/** The same roles as CSS variables: one drawing for both themes. */
export const VARIABLES: Theme = {
  paper: 'var(--paper)',
  panel: 'var(--panel)',
  ink: 'var(--ink)',
  muted: 'var(--muted)',
  line: 'var(--line)',
  accent: 'var(--accent)',
  good: 'var(--good)',
  bad: 'var(--bad)',
  warn: 'var(--warn)',
  series: LIGHT.series.map((_, at) => `var(--series-${at})`),
  density: LIGHT.density.map((_, at) => `var(--density-${at})`),
};

/** CSS declarations that give the variables the colours of a theme. */
export function declarations(theme: Theme): string {
  const { series, density, ...roles } = theme;
  return [
    ...Object.entries(roles).map(([role, colour]) => `--${role}:${colour}`),
    ...series.map((colour, at) => `--series-${at}:${colour}`),
    ...density.map((colour, at) => `--density-${at}:${colour}`),
  ].join(';');
}
