import { printLine, type Terminal } from './terminal.ts';

/** A line at the end of stderr that people see change: drawn over itself, and out of the way of other lines. */
export class LiveLine {
  readonly #terminal: Terminal;
  #drawn = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  draw(text: string): void {
    this.#terminal.draw(text);
    this.#drawn = true;
  }

  clear(): void {
    if (this.#drawn) this.#terminal.draw('');
    this.#drawn = false;
  }

  /** A line that stays. */
  print(text: string): void {
    this.clear();
    printLine(this.#terminal.stderr, text);
  }
}
