import type { CommandEntry } from './command-line.ts';

/** The steps of a run that a scheduler starts. */
export const TASK_COMMANDS: Readonly<Record<'init' | 'rank' | 'summarize', CommandEntry>> = {
  init: {
    summary: 'plan a run whose ranks a scheduler of yours will start',
    load: async () => (await import('./commands/init.ts')).initCommand,
  },
  rank: {
    summary: 'run one rank of a planned run, as a task of any scheduler',
    load: async () => (await import('./commands/rank.ts')).rankCommand,
  },
  summarize: {
    summary: 'combine the ranks of a run that a scheduler of yours ran',
    load: async () => (await import('./commands/summarize.ts')).summarizeCommand,
  },
};
