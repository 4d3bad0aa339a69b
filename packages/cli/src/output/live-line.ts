import { printLine, type Terminal } from './terminal.ts';

const DEFAULT_COLUMNS = 80;

/** A line at the end of stderr that people see change: drawn over itself, and out of the way of other lines. */
export class LiveLine {
  readonly #terminal: Terminal;
  #drawn = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  draw(text: string): void {
    const { stderr } = this.#terminal;
    const columns = 'columns' in stderr && typeof stderr.columns === 'number' ? stderr.columns : DEFAULT_COLUMNS;
    // A line that wraps could not be drawn over.
    const shown = text.length < columns ? text : `${text.slice(0, columns - 2)}…`;
    stderr.write(`\r\u001b[2K${shown}`);
    this.#drawn = true;
  }

  clear(): void {
    if (this.#drawn) this.#terminal.stderr.write('\r\u001b[2K');
    this.#drawn = false;
  }

  /** A line that stays. */
  print(text: string): void {
    this.clear();
    printLine(this.#terminal.stderr, text);
  }
}
