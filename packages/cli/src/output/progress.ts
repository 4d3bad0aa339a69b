import { printLine, type Terminal } from './terminal.ts';

const WIDTH = 24;
/** Plain lines at every tenth, so that a log shows progress without drowning in it. */
const PLAIN_STEPS = 10;

export interface Progress {
  update(done: number, total: number, detail?: string): void;
  done(): void;
}

/** Progress of long work on stderr: a bar drawn over itself for people, a line at every tenth otherwise. */
export function progress(terminal: Terminal, title: string): Progress {
  let drawn = false;
  let last = 0;
  return {
    update(done, total, detail = '') {
      const fraction = total === 0 ? 1 : done / total;
      if (terminal.interactive) {
        const filled = Math.round(fraction * WIDTH);
        terminal.draw(`${title} ${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${done}/${total} ${detail}`);
        drawn = true;
        return;
      }
      const step = Math.floor(fraction * PLAIN_STEPS);
      if (step === last) return;
      last = step;
      printLine(terminal.stderr, `${title} ${Math.floor(fraction * 100)} % ${detail}`.trimEnd());
    },
    done() {
      if (drawn) terminal.draw('');
      drawn = false;
    },
  };
}
