import { itemAt } from '@cosmicai/payload';
import { EMPTY, type Message } from '../value.ts';
import { binomialPlace } from './binomial.ts';
import { bundle, unbundle } from './bundle.ts';
import type { Exchange } from './exchange.ts';
import { meetsAtStar } from './partners.ts';

/** The root's message on every rank. Trees on links: ceil(log2 n) rounds; one write and n - 1 reads on a board. */
export async function bcast(x: Exchange, message: Message | undefined, root: number): Promise<Message> {
  if (x.size === 1) return ofRoot(message);
  if (x.isBoard) {
    if (x.rank !== root) return x.landed(await x.receivePublished(root));
    const own = ofRoot(message);
    x.publish(own);
    return own;
  }
  const { parent, children } = binomialPlace(x.rank, x.size, root);
  let own = parent === undefined ? ofRoot(message) : x.landed(await x.receive(parent));
  // The caller gets these bytes too and may change them while they are still being passed on.
  if (parent !== undefined && children.length > 0) own = { ...own, owned: false };
  for (const child of children) x.send(child.rank, own);
  return own;
}

/** What the root alone has, and must have. */
function ofRoot<Given>(given: Given | undefined): Given {
  if (given === undefined) throw new TypeError('The root of a collective came without a message.');
  return given;
}

/** Every rank's message on the root, by rank; undefined elsewhere. */
export async function gather(x: Exchange, message: Message, root: number): Promise<Message[] | undefined> {
  if (x.isBoard) {
    if (x.rank !== root) {
      x.send(root, message);
      return undefined;
    }
    return Promise.all(Array.from({ length: x.size }, async (_, from) => (from === root ? message : x.receive(from))));
  }
  const { parent, children } = binomialPlace(x.rank, x.size, root);
  if (parent !== undefined) x.send(parent, message);
  const all: Message[] = [];
  all[x.rank] = message;
  // Messages travel up one by one, in the order of the subtree, so that they may differ in size and are never put together.
  for (const child of children.toReversed()) {
    for (const from of child.subtree) {
      const passing = await x.receive(child.rank);
      if (parent === undefined) all[from] = passing;
      else x.send(parent, passing);
    }
  }
  return parent === undefined ? all : undefined;
}

/** Every rank's message on every rank, by rank. They share memory. */
export async function allgather(x: Exchange, message: Message): Promise<Message[]> {
  const all = await gather(x, message, 0);
  const bundled = await bcast(x, all === undefined ? undefined : bundle(all), 0);
  return unbundle(bundled);
}

/** To every rank its message from the root's list. */
export async function scatter(x: Exchange, messages: readonly Message[] | undefined, root: number): Promise<Message> {
  if (x.isBoard) {
    if (x.rank !== root) return x.receive(root);
    const all = ofRoot(messages);
    all.forEach((message, to) => {
      if (to !== root) x.send(to, message);
    });
    return itemAt(all, root);
  }
  const { parent, children } = binomialPlace(x.rank, x.size, root);
  if (parent === undefined) {
    const all = ofRoot(messages);
    for (const child of children) for (const to of child.subtree) x.send(child.rank, itemAt(all, to));
    return itemAt(all, root);
  }
  const own = await x.receive(parent);
  // The parent sends this rank's subtree in the order of distance: the smallest child's block comes first.
  for (const child of children.toReversed()) {
    for (const _rank of child.subtree) x.send(child.rank, await x.receive(parent));
  }
  return own;
}

/** Nobody leaves before all have come. Links: a star in small worlds, else dissemination, ceil(log2 n) rounds of one empty message. */
export async function barrier(x: Exchange): Promise<void> {
  const { rank, size } = x;
  if (size === 1) return;
  if (!x.isBoard && meetsAtStar(size, 0)) return starBarrier(x);
  if (x.isBoard) {
    await gather(x, EMPTY, 0);
    await bcast(x, EMPTY, 0);
    return;
  }
  for (let distance = 1; distance < size; distance *= 2) {
    x.send((rank + distance) % size, EMPTY);
    const coming = x.receive((rank + size - distance) % size);
    if (coming instanceof Promise) await coming;
  }
}

async function starBarrier(x: Exchange): Promise<void> {
  if (x.rank !== 0) {
    x.send(0, EMPTY);
    await x.receive(0);
    return;
  }
  for (let from = 1; from < x.size; from++) {
    const coming = x.receive(from);
    if (coming instanceof Promise) await coming;
  }
  for (let to = 1; to < x.size; to++) x.send(to, EMPTY);
}
