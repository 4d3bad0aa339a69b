import type { PickleCursor } from './cursor.ts';
import type { PickleNode } from './nodes.ts';

/** Stack, marks and memo of the pickle machine. What takes more than there is, is refused at the opcode that does. */
export class PickleStack {
  readonly #in: PickleCursor;
  readonly #nodes: PickleNode[] = [];
  /** Heights of the stack at each open MARK; nothing below the last one may be popped. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleNode>();

  constructor(input: PickleCursor) {
    this.#in = input;
  }

  /** The one value that must be left at the end. */
  result(): PickleNode {
    const top = this.pop();
    if (this.#nodes.length > 0 || this.#marks.length > 0) throw this.#in.malformed('more than one value at its end');
    return top;
  }

  push(node: PickleNode): void {
    this.#nodes.push(node);
  }

  top(): PickleNode {
    const node = this.#nodes.at(-1);
    if (node === undefined || this.#nodes.length <= this.#floor()) throw this.#in.malformed('its stack is empty');
    return node;
  }

  pop(): PickleNode {
    const node = this.top();
    this.#nodes.pop();
    return node;
  }

  popMany(count: number): PickleNode[] {
    if (this.#nodes.length - count < this.#floor()) throw this.#in.malformed('its stack is empty');
    return this.#nodes.splice(this.#nodes.length - count, count);
  }

  mark(): void {
    this.#marks.push(this.#nodes.length);
  }

  popToMark(): PickleNode[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.#in.malformed('there is no mark');
    return this.#nodes.splice(mark);
  }

  /** As in CPython, a POP right after MARK takes the mark away. */
  popValueOrMark(): void {
    if (this.#marks.at(-1) === this.#nodes.length) this.#marks.pop();
    else this.pop();
  }

  remember(index: number): void {
    this.#memo.set(index, this.top());
  }

  memoize(): void {
    this.remember(this.#memo.size);
  }

  recall(index: number): void {
    const node = this.#memo.get(index);
    if (node === undefined) throw this.#in.malformed(`memo ${index} was never set`);
    this.push(node);
  }

  #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }
}
