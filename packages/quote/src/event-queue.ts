/* eslint-disable @typescript-eslint/no-non-null-assertion -- indices of a heap stay below its length */
/** Events in the order of their time; equal times in the order they were added. A binary heap. */
export class EventQueue<Event> {
  readonly #heap: { readonly time: number; readonly order: number; readonly event: Event }[] = [];
  #added = 0;

  add(time: number, event: Event): void {
    const heap = this.#heap;
    heap.push({ time, order: this.#added++, event });
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  next(): { readonly time: number; readonly event: Event } | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    heap[0] = last;
    let at = 0;
    for (;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let smallest = at;
      if (left < heap.length && this.#before(left, smallest)) smallest = left;
      if (right < heap.length && this.#before(right, smallest)) smallest = right;
      if (smallest === at) return first;
      this.#swap(at, smallest);
      at = smallest;
    }
  }

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a]!, this.#heap[b]!];
    return x.time < y.time || (x.time === y.time && x.order < y.order);
  }

  #swap(a: number, b: number): void {
    [this.#heap[a], this.#heap[b]] = [this.#heap[b]!, this.#heap[a]!];
  }
}
