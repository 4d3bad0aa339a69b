import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { UserInputError } from '@cosmicai/payload';
import { ChangedError, InvalidAddressError, NoSuchBucketError, NotFoundError } from './errors.ts';
import { compareKeys } from './key.ts';
import { listAll } from './list-all.ts';
import type { ObjectInfo, ObjectStore } from './object-store.ts';
import { readableAddress } from './readable-address.ts';
import { compareFile, sendFile } from './send-file.ts';

/** What the suite needs of a store. */
export interface StoreUnderTest {
  /** A store of its own for each call, empty. */
  fresh(): Promise<ObjectStore>;
  /** A store whose bucket or folder does not exist. */
  missing(): Promise<ObjectStore>;
}

const UNUSUAL_KEYS = [
  'with a blank/and+plus.pt',
  'percent %20 100%.pt',
  'ünïcødé/銀河/🌌.pt',
  'up/../and/./over',
  'double//slash',
  'folder/',
  'folder/object',
  'taken',
  'taken/by/a/folder',
  'taken/by',
  '%=escaped',
  '%+escaped/%!escaped',
  '.hidden/.file',
  '.cosmicai-store/x',
  `${'long-'.repeat(70)}/${'longer-'.repeat(80)}`,
  'long-'.repeat(70),
  '銀'.repeat(300),
  '%'.repeat(300),
  'quote"\'`$&<>|*?:;.pt',
  'a tab\there',
];

/**
 * What every store must do, whatever holds the objects. Registers tests with Jest, or a runner with the same `describe`, `it` and
 * `expect`: call it in a test file.
 */
export function describeStore(name: string, under: StoreUnderTest): void {
  describe(`${name} as an object store`, () => {
    it('gives back what was put, whole, in ranges and as a stream', async () => {
      const store = await under.fresh();
      const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7) % 251));
      const written = await store.put('a/b.bin', bytes);
      expect(written).toMatchObject({ key: 'a/b.bin', size: bytes.length });
      expect((await store.get('a/b.bin')).equals(bytes)).toBe(true);
      expect((await store.getRange('a/b.bin', 10, 20)).equals(bytes.subarray(10, 20))).toBe(true);
      expect((await buffer(await store.stream('a/b.bin'))).equals(bytes)).toBe(true);
      const part = await store.stream('a/b.bin', { start: 99_990, end: 200_000 });
      expect((await buffer(part)).equals(bytes.subarray(99_990))).toBe(true);
      expect((await buffer(await store.stream('a/b.bin', { start: 5, end: 5 }))).length).toBe(0);
    });

    it('reads the version that is asked for, or none', async () => {
      const store = await under.fresh();
      const first = await store.put('k', '0123456789');
      const ifMatch = first.etag;
      expect((await store.head('k'))?.etag).toBe(ifMatch);
      expect((await store.get('k', { ifMatch })).toString()).toBe('0123456789');
      expect((await store.getRange('k', 2, 4, { ifMatch })).toString()).toBe('23');
      expect((await buffer(await store.stream('k', { start: 8, ifMatch }))).toString()).toBe('89');
      await store.put('k', '9876543210');
      await expect(store.get('k', { ifMatch })).rejects.toThrow(ChangedError);
      await expect(store.getRange('k', 2, 4, { ifMatch })).rejects.toThrow(ChangedError);
      await expect(store.getRange('k', 3, 3, { ifMatch })).rejects.toThrow(ChangedError);
      await expect(store.stream('k', { start: 8, ifMatch })).rejects.toThrow(ChangedError);
      await store.delete('k');
      await expect(store.get('k', { ifMatch })).rejects.toThrow(NotFoundError);
    });

    it('lets one of many replace a version', async () => {
      const store = await under.fresh();
      const { etag } = await store.put('lease', 'first');
      const bids = Array.from({ length: 20 }, (_, i) => `bid ${i}`);
      const won = await Promise.all(bids.map((bid) => store.putIfMatch('lease', bid, etag)));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect((await store.get('lease')).toString()).toBe(bids[won.indexOf(true)]);
      expect(await store.putIfMatch('lease', 'late', etag)).toBe(false);
      expect(await store.putIfMatch('absent', 'bid', etag)).toBe(false);
      expect(await store.head('absent')).toBeUndefined();
      const now = await store.head('lease');
      expect(await store.putIfMatch('lease', 'next', now?.etag ?? '')).toBe(true);
      expect((await listAll(store, '')).objects.map(({ key }) => key)).toEqual(['lease']);
    });

    it('cuts ranges at the end of the object', async () => {
      const store = await under.fresh();
      await store.put('k', '0123456789');
      expect((await store.getRange('k', 8, 50)).toString()).toBe('89');
      expect((await store.getRange('k', 10, 50)).toString()).toBe('');
      expect((await store.getRange('k', 70, 90)).toString()).toBe('');
      expect((await store.getRange('k', 3, 3)).toString()).toBe('');
      await expect(store.getRange('k', 5, 3)).rejects.toThrow(InvalidAddressError);
      await expect(store.getRange('k', -1, 3)).rejects.toThrow(InvalidAddressError);
      await expect(store.getRange('none', 3, 3)).rejects.toThrow(NotFoundError);
    });

    it('takes text, bytes and streams, empty ones too', async () => {
      const store = await under.fresh();
      await store.put('text', 'żółw');
      await store.put('empty', new Uint8Array());
      const chunks = Array.from({ length: 30 }, (_, i) => Buffer.alloc(1_000_000, i));
      const streamed = await store.put('stream', Readable.from(chunks));
      await store.put('empty stream', Readable.from([]));
      expect((await store.get('text')).toString()).toBe('żółw');
      expect((await store.get('empty')).length).toBe(0);
      expect((await store.get('empty stream')).length).toBe(0);
      expect(streamed.size).toBe(30_000_000);
      expect((await store.get('stream')).equals(Buffer.concat(chunks))).toBe(true);
    });

    it('leaves nothing, and what was there before, when the body breaks off', async () => {
      const store = await under.fresh();
      await store.put('old', 'before');
      const broken = () =>
        Readable.from(
          (async function* () {
            yield Buffer.alloc(20_000_000);
            throw new Error('the source broke');
          })(),
        );
      await expect(store.put('old', broken())).rejects.toThrow('the source broke');
      await expect(store.put('new', broken())).rejects.toThrow('the source broke');
      expect((await store.get('old')).toString()).toBe('before');
      expect(await keysOf(store)).toEqual(['old']);
    });

    it('heads what exists and changes the etag with the content', async () => {
      const store = await under.fresh();
      const etags = new Set<string>();
      for (const body of ['one', 'two', 'six', 'ten']) {
        const { etag } = await store.put('k', body);
        const info = await store.head('k');
        expect(info).toMatchObject({ key: 'k', size: 3, etag });
        expect(Math.abs((info?.lastModified.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
        etags.add(etag);
      }
      expect(etags.size).toBe(4);
      expect([...etags].join('')).not.toContain('"');
      expect(await store.head('other')).toBeUndefined();
    });

    it('tells the SHA-256 that a put told it when it is asked, of objects in one part and in several', async () => {
      const store = await under.fresh();
      for (const [key, bytes] of [
        ['small', Buffer.from('one')],
        ['large', Buffer.alloc(20_000_000, 'l')],
      ] as const) {
        const sha256 = createHash('sha256').update(bytes).digest('hex');
        await store.put(key, key === 'small' ? bytes : Readable.from([bytes]), { sha256 });
        expect(await store.head(key, { sha256: true })).toMatchObject({ key, size: bytes.length, sha256 });
        expect(await store.head(key)).not.toHaveProperty('sha256');
        await store.put(key, 'another');
        expect((await store.head(key, { sha256: true }))?.sha256).not.toBe(sha256);
      }
      expect(await store.head('other', { sha256: true })).toBeUndefined();
    });

    it('is sent files alone', async () => {
      const store = await under.fresh();
      await expect(compareFile(import.meta.dirname, store, 'data/1.pt')).rejects.toThrow(
        /is a folder: only files can be sent to a store/,
      );
    });

    it('is sent files that changed, whatever their size, and no file twice', async () => {
      const store = await under.fresh();
      const folder = mkdtempSync(join(tmpdir(), 'cosmicai-send-'));
      const path = join(folder, '1.pt');
      const send = async () => {
        const file = await compareFile(path, store, 'data/1.pt');
        if (!file.isThere) await sendFile(file, store);
        return file.isThere;
      };
      const stored = async () => (await store.get('data/1.pt')).toString();
      writeFileSync(path, 'one');
      expect(await send()).toBe(false);
      expect(await send()).toBe(true);
      writeFileSync(path, 'two');
      expect(await send()).toBe(false);
      expect(await stored()).toBe('two');
      const compared = await compareFile(path, store, 'data/1.pt');
      writeFileSync(path, 'six');
      await expect(sendFile(compared, store)).rejects.toThrow(`${path} changed while it was sent`);
      expect(await stored()).toBe('two');
      rmSync(path);
      await expect(sendFile(compared, store)).rejects.toThrow(UserInputError);
      await expect(compareFile(path, store, 'data/1.pt')).rejects.toThrow(`${path} can't be read`);
      await expect(compareFile(folder, store, 'data/1.pt')).rejects.toThrow('is a folder');
      expect(await stored()).toBe('two');
      rmSync(folder, { recursive: true });
    });

    it('names the key and the store when an object is missing', async () => {
      const store = await under.fresh();
      await expect(store.getRange('no/such', 0, 1)).rejects.toThrow(NotFoundError);
      await expect(store.stream('no/such')).rejects.toThrow(NotFoundError);
      await expect(store.get('no/such')).rejects.toThrow(NotFoundError);
      await expect(store.get('no/such')).rejects.toThrow(`"no/such" in ${readableAddress(store.url)}`);
      await expect(store.delete('no/such')).resolves.toBeUndefined();
      expect(await keysOf(store, 'no/')).toEqual([]);
    });

    it('says that the bucket is missing, whatever is asked of it', async () => {
      const store = await under.missing();
      const asked = [
        store.get('k'),
        store.stream('k'),
        store.head('k'),
        store.put('k', 'v'),
        store.put('k', Readable.from(['v'])),
        store.putIfAbsent('k', 'v'),
        store.putIfMatch('k', 'v', 'etag'),
        store.delete('k'),
        store.deletePrefix('k'),
        keysOf(store),
        store.folders(''),
      ];
      for (const answer of await Promise.allSettled(asked)) {
        expect(answer).toMatchObject({ status: 'rejected', reason: expect.any(NoSuchBucketError) as unknown });
      }
    });

    it('keeps unusual keys apart and lists them in the order of their UTF-8 bytes', async () => {
      const store = await under.fresh();
      for (const key of UNUSUAL_KEYS) await store.put(key, `of ${key}`);
      for (const key of UNUSUAL_KEYS) expect((await store.get(key)).toString()).toBe(`of ${key}`);
      expect(await keysOf(store)).toEqual(inByteOrder(UNUSUAL_KEYS));
      expect(await keysOf(store, 'taken')).toEqual(['taken', 'taken/by', 'taken/by/a/folder']);
      expect(await keysOf(store, 'folder/')).toEqual(['folder/', 'folder/object']);
      for (const key of UNUSUAL_KEYS) {
        await store.delete(key);
        expect(await store.head(key)).toBeUndefined();
      }
      expect(await keysOf(store)).toEqual([]);
    });

    it('holds any set of keys, and finds each by prefix and by the key before it', async () => {
      for (const keys of keySets(25)) {
        const store = await under.fresh();
        for (const each of keys) await store.put(each, each);
        const sorted = inByteOrder(keys);
        expect(await keysOf(store)).toEqual(sorted);
        for (const each of keys) {
          expect((await store.get(each)).toString()).toBe(each);
          expect(await keysOf(store, '', each)).toEqual(sorted.filter((other) => compareKeys(other, each) > 0));
          const prefix = Buffer.from(each).subarray(0, 3).toString().replace('\ufffd', '');
          expect(await keysOf(store, prefix)).toEqual(sorted.filter((other) => other.startsWith(prefix)));
          for (const above of new Set(['', prefix, ...aboveIn(each)]))
            expect(await store.folders(above)).toEqual(foldersIn(sorted, above));
        }
      }
    });

    it('lists 2,500 keys in order, from anywhere, and deletes them by prefix', async () => {
      const store = await under.fresh();
      const keys = Array.from({ length: 2500 }, (_, i) => `many/${i % 7}/${i}.pt`);
      await inTurns(keys, 50, (key) => store.put(key, key));
      await store.put('many', 'beside');
      const sorted = inByteOrder(keys);
      expect(await keysOf(store, 'many/')).toEqual(sorted);
      expect(await keysOf(store, 'many/', sorted[1700])).toEqual(sorted.slice(1701));
      const first: ObjectInfo[] = [];
      for await (const info of store.list('many/3/')) {
        first.push(info);
        if (first.length === 3) break;
      }
      expect(first.map(({ key }) => key)).toEqual(sorted.filter((key) => key.startsWith('many/3/')).slice(0, 3));
      for (const { key, size, etag } of first) {
        expect(size).toBe(key.length);
        expect(await store.head(key)).toMatchObject({ size, etag });
      }
      expect(await store.deletePrefix('many/')).toBe(2500);
      expect(await keysOf(store)).toEqual(['many']);
      expect(await store.deletePrefix('many/')).toBe(0);
      await expect(store.deletePrefix('')).rejects.toThrow(InvalidAddressError);
    });

    it('tells the folders one level down, without what is in them', async () => {
      const store = await under.fresh();
      for (const key of ['runs', 'runs/b/1', 'runs/b/2', 'runs/a/in/it/3', 'runs/c', 'runs.old/d/4', 'runs/ä b+%/5'])
        await store.put(key, key);
      expect(await store.folders('')).toEqual(['runs.old/', 'runs/']);
      expect(await store.folders('runs/')).toEqual(['runs/a/', 'runs/b/', 'runs/ä b+%/']);
      expect(await store.folders('runs')).toEqual(['runs.old/', 'runs/']);
      expect(await store.folders('runs/a')).toEqual(['runs/a/']);
      expect(await store.folders('runs/b/')).toEqual([]);
      expect(await store.folders('none/')).toEqual([]);
      await store.delete('runs/a/in/it/3');
      expect(await store.folders('runs/')).toEqual(['runs/b/', 'runs/ä b+%/']);
    });

    it('leaves nothing out of a listing where all are plain objects', async () => {
      const store = await under.fresh();
      for (const key of ['data/1.pt', 'data/2.pt', 'data/old/.hidden', 'other']) await store.put(key, key);
      const { objects, skipped } = await listAll(store, 'data/');
      expect(objects.map(({ key }) => key)).toEqual(['data/1.pt', 'data/2.pt', 'data/old/.hidden']);
      expect(objects.filter(({ linked }) => linked)).toEqual([]);
      const identities = objects.flatMap(({ identity }) => identity ?? []);
      expect(new Set(identities).size).toBe(identities.length);
      expect(skipped).toEqual([]);
    });

    it('lets exactly one of 50 concurrent put-if-absent win', async () => {
      const store = await under.fresh();
      const bids = Array.from({ length: 50 }, (_, i) => `bid ${i}`);
      const won = await Promise.all(bids.map((bid) => store.putIfAbsent('lock/of/run', bid)));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect((await store.get('lock/of/run')).toString()).toBe(bids[won.indexOf(true)]);
      expect(await store.putIfAbsent('lock/of/run', 'late')).toBe(false);
      await store.delete('lock/of/run');
      expect(await store.putIfAbsent('lock/of/run', 'again')).toBe(true);
    });

    it('shows readers the old or the new content, never half of a write', async () => {
      const store = await under.fresh();
      const bodies = Array.from({ length: 20 }, (_, i) => Buffer.alloc(2_000_000, 'abcd'.charAt(i % 4)));
      await store.put('k', bodies.at(-1) ?? '');
      let writing = true;
      const writes = inTurns(bodies, 2, (body) => store.put('k', body));
      const reads = Array.from({ length: 3 }, async () => {
        while (writing) {
          const seen = await buffer(await store.stream('k'));
          expect(bodies.slice(0, 4).some((body) => body.equals(seen))).toBe(true);
        }
      });
      await writes;
      writing = false;
      await Promise.all(reads);
      expect(await keysOf(store)).toEqual(['k']);
    });

    it('refuses keys that no store holds', async () => {
      const store = await under.fresh();
      for (const key of ['', 'k'.repeat(1025), 'half \ud83d']) {
        await expect(store.get(key)).rejects.toThrow(InvalidAddressError);
        await expect(store.put(key, '')).rejects.toThrow(InvalidAddressError);
        await expect(store.putIfAbsent(key, '')).rejects.toThrow(InvalidAddressError);
      }
    });

    it('stops when its signal is aborted', async () => {
      const store = await under.fresh();
      await store.put('k', Buffer.alloc(5_000_000));
      const signal = AbortSignal.abort(new Error('enough'));
      await expect(store.get('k', { signal })).rejects.toThrow('enough');
      await expect(store.put('new', 'v', { signal })).rejects.toThrow('enough');
      await expect(store.head('k', { signal })).rejects.toThrow('enough');
      await expect(keysOf(store, '', '', signal)).rejects.toThrow('enough');
      await expect(store.folders('', { signal })).rejects.toThrow('enough');
      const control = new AbortController();
      const stream = await store.stream('k', { signal: control.signal });
      control.abort();
      await expect(buffer(stream)).rejects.toThrow();
      expect(await keysOf(store)).toEqual(['k']);
    });
  });
}

/** Keys of a listing, in its order. */
export async function keysOf(
  store: ObjectStore,
  prefix = '',
  startAfter = '',
  signal?: AbortSignal,
): Promise<string[]> {
  const keys: string[] = [];
  const options = signal === undefined ? { startAfter } : { startAfter, signal };
  for await (const { key } of store.list(prefix, options)) keys.push(key);
  return keys;
}

/** The folders that keys in order lie in, below a prefix. */
function foldersIn(sorted: readonly string[], prefix: string): string[] {
  const inFolders = sorted.filter((key) => key.startsWith(prefix) && key.includes('/', prefix.length));
  return [...new Set(inFolders.map((key) => key.slice(0, key.indexOf('/', prefix.length) + 1)))];
}

/** What stands before each slash of a key, with it. */
function aboveIn(key: string): string[] {
  return [...key.matchAll(/\//g)].map(({ index }) => key.slice(0, index + 1));
}

/** By the bytes themselves, so that it does not rest on the comparison under test. */
function inByteOrder(keys: readonly string[]): string[] {
  return [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

async function inTurns<Item>(items: readonly Item[], atOnce: number, work: (item: Item) => Promise<unknown>) {
  for (let i = 0; i < items.length; i += atOnce) await Promise.all(items.slice(i, i + atOnce).map(work));
}

const SEGMENTS = [
  '',
  'a',
  'a-',
  'a0',
  'ä',
  '\u{1f600}',
  '\uff5e',
  '%=a',
  '%',
  '..a',
  '/',
  ' +',
  '\u0301e',
  '%2F',
  'A',
  '~',
];

/**
 * Sets of up to eight keys of up to four segments, the same ones each time. S3 refuses keys that climb above the bucket; "..", "."
 * inside a key are tried above.
 */
function keySets(count: number): string[][] {
  let state = 5;
  // A linear congruential generator (Numerical Recipes), without its weak low bits.
  const below = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const some = <Item>(most: number, make: () => Item): Item[] => Array.from({ length: 1 + below(most) }, make);
  const character = () => String.fromCodePoint(below(2) === 0 ? 0x20 + below(0x5f) : 0xa1 + below(0x3000));
  const segment = () => (below(2) === 0 ? (SEGMENTS[below(SEGMENTS.length)] ?? '') : some(6, character).join(''));
  const key = () => some(4, segment).join('/');
  const isHeld = (text: string) => text !== '' && !text.split('/').some((part) => part === '..' || part === '.');
  return Array.from({ length: count }, () => [...new Set(some(8, key))].filter(isHeld));
}
