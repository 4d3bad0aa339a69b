import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore, GrowingObject, type Body, type ObjectStore } from '../src/index.ts';

const MIB = 2 ** 20;
const part = (number: number) => Buffer.alloc(3 * MIB, number);

let folder: string;
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-growing-'));
  store = fileStore(folder);
});
afterEach(() => rm(folder, { recursive: true }));

async function keys(): Promise<string[]> {
  const all: string[] = [];
  for await (const { key } of store.list('')) all.push(key);
  return all;
}

/** The store, in which what is put is taken down, or done in another way. */
function putting(put: (body: Body) => unknown): ObjectStore {
  return new Proxy(store, {
    get(target, name): unknown {
      if (name === 'put')
        return async (...[key, body, options]: Parameters<ObjectStore['put']>) => {
          await put(body);
          return await target.put(key, body, options);
        };
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('an object that grows', () => {
  it.each([0, 1, 2, 5])('is there, whole, when it is finished: of %d parts', async (count) => {
    const parts = Array.from({ length: count }, (_, number) => part(number));
    const bodies: Body[] = [];
    await using object = new GrowingObject(
      putting((body) => bodies.push(body)),
      'a',
    );
    for (const bytes of parts) await object.write(bytes);
    expect(await keys()).toEqual([]);
    const { size, etag } = await object.finish();
    const stored = await store.get('a', { ifMatch: etag });
    expect(size).toBe(count * 3 * MIB);
    expect(stored.equals(Buffer.concat(parts))).toBe(true);
    // One request of few bytes; many aren't kept until the end.
    expect(bodies.map((body) => body instanceof Uint8Array)).toEqual([count < 3]);
  });

  it.each([1, 5])('leaves nothing unless it is finished: of %d parts', async (count) => {
    {
      await using object = new GrowingObject(store, 'a');
      for (let number = 0; number < count; number++) await object.write(part(number));
    }
    expect(await keys()).toEqual([]);
  });

  it('fails with the store’s reason, while it is written and at its end', async () => {
    const down = putting(() => Promise.reject(new Error('Slow down.')));
    await using large = new GrowingObject(down, 'a');
    const writing = async () => {
      for (let number = 0; number < 9; number++) await large.write(part(number));
    };
    await expect(writing()).rejects.toThrow('Slow down.');
    await using small = new GrowingObject(down, 'b');
    await small.write(part(1));
    await expect(small.finish()).rejects.toThrow('Slow down.');
  });

  it('is given up when its signal fires, also while a store doesn’t answer, but not any more while it ends', async () => {
    const stop = new AbortController();
    const { signal } = stop;
    const mute = new Proxy(store, {
      get: (target, name): unknown =>
        name === 'put'
          ? (_key: string, _body: Body, options: { signal: AbortSignal }) =>
              new Promise((_resolve, reject) =>
                options.signal.addEventListener('abort', () => reject(options.signal.reason as Error)),
              )
          : Reflect.get(target, name),
    });
    await using stuck = new GrowingObject(mute, 'a', { signal });
    const writing = (async () => {
      for (let number = 0; number < 9; number++) await stuck.write(part(number));
    })();
    await using ending = new GrowingObject(store, 'b', { signal });
    for (let number = 0; number < 4; number++) await ending.write(part(number));
    const ended = ending.finish();
    stop.abort(new Error('Time is up.'));
    await expect(writing).rejects.toThrow('Time is up.');
    expect((await ended).size).toBe(12 * MIB);
    await expect(stuck.write(part(0))).rejects.toThrow('Time is up.');
  });
});
