import { functionMessage, type RunEvent } from '@cosmicai/payload';
import { progress, type Progress } from '../output/progress.ts';
import { printLine, type Terminal } from '../output/terminal.ts';

/** Shows a run as it goes: a line for each state, a bar for the ranks of a Map, and every retry and failure at once. */
export class RunProgress {
  readonly #terminal: Terminal;
  readonly #children = new Map<string, { total: number; ended: number; bar: Progress }>();

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(event: RunEvent): void {
    switch (event.type) {
      case 'StateEntered':
        if (
          event.in === undefined &&
          event.index === undefined &&
          event.stateType !== 'Choice' &&
          event.stateType !== 'Succeed'
        )
          this.#line(event.state);
        return;
      case 'MapRunStarted':
        this.#children.set(event.state, {
          total: event.children,
          ended: 0,
          bar: progress(this.#terminal, `${event.state}: ranks`),
        });
        return;
      case 'ChildSucceeded':
      case 'ChildFailed':
      case 'ChildAborted':
      case 'ChildKept': {
        if (event.type === 'ChildFailed')
          this.#line(
            `${event.state}: rank ${event.index} failed: ${event.error}: ${firstLine(functionMessage(event.cause))}`,
          );
        const map = this.#children.get(event.state);
        map?.bar.update(++map.ended, map.total);
        return;
      }
      case 'StateRetried':
        this.#line(`${event.in ?? 'run'}: trying ${event.state} again (attempt ${event.attempt + 1})`);
        return;
      case 'MapRunEnded':
        this.#children.get(event.state)?.bar.done();
        return;
      default:
    }
  }

  /** How many ranks of a Map are over, where that is known without an event for each. */
  showRanks(state: string, ended: number, total: number): void {
    const map = this.#children.get(state);
    if (map === undefined) return;
    map.ended = ended;
    map.bar.update(ended, total);
  }

  #line(text: string): void {
    for (const { bar } of this.#children.values()) bar.done();
    printLine(this.#terminal.stderr, text);
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.slice(0, 300);
}
