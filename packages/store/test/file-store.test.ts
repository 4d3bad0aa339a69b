import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import {
  AccessDeniedError,
  fileStore,
  listAll,
  NotFoundError,
  openStore,
  requestsSince,
  requestsSoFar,
  type ObjectStore,
} from '../src/index.ts';
import { describeStore, keysOf } from '../src/conformance.ts';

let root: string;
let count = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cosmicai-store-'));
});
afterAll(async () => {
  await rm(root, { recursive: true });
});

async function freshFolder(): Promise<string> {
  const folder = join(root, `folder ${count++}`);
  await mkdir(folder);
  return folder;
}

function open(folder: string): ObjectStore {
  return openStore(pathToFileURL(folder).href);
}

describeStore('file://', {
  fresh: async () => open(await freshFolder()),
  missing: async () => open(join(root, 'never made')),
});

describe('a folder of files', () => {
  it('shows files that people put there by hand, under plain names, and leaves plain names for them', async () => {
    const folder = await freshFolder();
    await mkdir(join(folder, 'datasets/small'), { recursive: true });
    await writeFile(join(folder, 'datasets/small/1.pt'), 'by hand');
    await writeFile(join(folder, 'datasets/small/100%.pt'), 'too');
    const store = open(folder);
    expect(await keysOf(store)).toEqual(['datasets/small/1.pt', 'datasets/small/100%.pt']);
    expect((await store.get('datasets/small/100%.pt')).toString()).toBe('too');
    await store.put('results/0.json', '{}');
    expect(await readFile(join(folder, 'results/0.json'), 'utf8')).toBe('{}');
  });

  it('follows links that people make to folders elsewhere', async () => {
    const folder = await freshFolder();
    const elsewhere = await freshFolder();
    await writeFile(join(elsewhere, '1.pt'), 'far');
    await symlink(elsewhere, join(folder, 'datasets'));
    await symlink(folder, join(folder, 'circle'));
    expect(await keysOf(open(folder), 'datasets/')).toEqual(['datasets/1.pt']);
    expect((await open(folder).get('datasets/1.pt')).toString()).toBe('far');
  });

  it('follows links to folders once, and says which it left', async () => {
    const folder = await freshFolder();
    await mkdir(join(folder, 'v1/deep'), { recursive: true });
    await writeFile(join(folder, 'v1/1.pt'), 'one');
    await writeFile(join(folder, 'v1/deep/2.pt'), 'two');
    await symlink('v1', join(folder, 'latest'));
    await symlink('v1', join(folder, 'z-latest'));
    await symlink('..', join(folder, 'v1/up'));
    const { objects, skipped } = await listAll(open(folder), '');
    expect(objects.map(({ key }) => key)).toEqual(['latest/1.pt', 'latest/deep/2.pt', 'v1/1.pt', 'v1/deep/2.pt']);
    expect(objects.map(({ linked }) => linked === true)).toEqual([true, true, false, false]);
    expect(objects[0]!.identity).toBe(objects[2]!.identity);
    expect(skipped).toEqual(
      ['latest/up/', 'v1/up/', 'z-latest/'].map((key) => ({ key, why: 'a link to a folder that is listed already' })),
    );
    expect(await keysOf(open(folder), 'z-latest/')).toEqual(['z-latest/1.pt', 'z-latest/deep/2.pt']);
  });

  it('says which names it took for none', async () => {
    const folder = await freshFolder();
    for (const name of ['%=x.pt', '%+y.pt', '100%.pt']) await writeFile(join(folder, name), '');
    await open(folder).put('..', '');
    await mkdir(join(folder, '.cosmicai-store'));
    const { objects, skipped } = await listAll(open(folder), '');
    expect(objects.map(({ key }) => key)).toEqual(['..', '100%.pt']);
    expect(skipped.map(({ key }) => key)).toEqual(['%+y.pt', '%=x.pt']);
  });

  it('tells folders that hold a file, links to folders once', async () => {
    const folder = await freshFolder();
    await mkdir(join(folder, 'runs/a/in/it'), { recursive: true });
    await mkdir(join(folder, 'runs/empty/inside'), { recursive: true });
    await writeFile(join(folder, 'runs/a/in/it/1.pt'), '');
    await symlink('a', join(folder, 'runs/z-latest'));
    await symlink('.', join(folder, 'runs/self'));
    await symlink('gone', join(folder, 'runs/gone'));
    await mkdir(join(folder, 'elsewhere'));
    await writeFile(join(folder, 'elsewhere/2.pt'), '');
    await symlink('../elsewhere', join(folder, 'runs/b'));
    expect(await open(folder).folders('runs/')).toEqual(['runs/a/', 'runs/b/']);
  });

  it('deletes links, and never what they lead to', async () => {
    const folder = await freshFolder();
    const elsewhere = await freshFolder();
    await mkdir(join(elsewhere, 'deep'));
    await writeFile(join(elsewhere, 'deep/1.pt'), 'far');
    await mkdir(join(folder, 'runs/a'), { recursive: true });
    await writeFile(join(folder, 'runs/a/0.json'), '{}');
    await symlink(elsewhere, join(folder, 'runs/a/predictions'));
    await symlink(join(elsewhere, 'deep/1.pt'), join(folder, 'runs/a/1.pt'));
    await symlink('nowhere', join(folder, 'runs/a/gone'));
    await symlink(elsewhere, join(folder, 'runs/b'));
    const store = open(folder);
    expect(await store.deletePrefix('runs/a/')).toBe(4);
    expect(await readdir(join(folder, 'runs'))).toEqual(['b']);
    expect(await store.deletePrefix('runs/b/')).toBe(1);
    expect(await readdir(folder)).toEqual([]);
    expect(await readFile(join(elsewhere, 'deep/1.pt'), 'utf8')).toBe('far');
  });

  it('deletes in a folder that a link leads to when the prefix names a folder in it', async () => {
    const folder = await freshFolder();
    const elsewhere = await freshFolder();
    await mkdir(join(elsewhere, 'a'));
    await writeFile(join(elsewhere, 'a/0.json'), '{}');
    await symlink(elsewhere, join(folder, 'runs'));
    expect(await open(folder).deletePrefix('runs/a/')).toBe(1);
    expect(await readdir(elsewhere)).toEqual([]);
    expect(await readdir(folder)).toEqual(['runs']);
  });

  it('is named as a path in messages, without percent-encoding', async () => {
    const folder = await freshFolder();
    await expect(open(folder).get('a %.pt')).rejects.toThrow(`No object "a %.pt" in ${folder}. `);
    await expect(open(join(folder, 'ü')).get('1.pt')).rejects.toThrow(`There is no folder ${join(folder, 'ü')}. `);
  });

  it('ends in a folder full of links to itself and its neighbours', async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, '1.pt'), 'one');
    for (let link = 0; link < 20; link++) await symlink('.', join(folder, `self${link}`));
    for (let each = 0; each < 8; each++) {
      await mkdir(join(folder, `d${each}`));
      await writeFile(join(folder, `d${each}`, 'x'), '');
      for (let other = 0; other < 8; other++) await symlink(`../d${other}`, join(folder, `d${each}`, `to${other}`));
    }
    const keys = await keysOf(open(folder));
    expect(keys).toEqual(expect.arrayContaining(['1.pt', ...Array.from({ length: 8 }, (_, each) => `d${each}/x`)]));
    expect(keys.length).toBeLessThan(30);
  });

  it('says which names are no files that could be read, and opens none of them', async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, 'file'), '');
    await symlink('gone', join(folder, 'dangling'));
    await symlink('loop', join(folder, 'loop'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const server = createServer().listen(join(folder, 'socket'));
    await once(server, 'listening');
    await symlink('/dev/zero', join(folder, 'zero'));
    try {
      const { objects, skipped } = await listAll(open(folder), '');
      expect(objects.map(({ key }) => key)).toEqual(['file']);
      expect(skipped).toEqual([
        { key: 'dangling', why: 'a link to nothing' },
        { key: 'loop', why: 'a link to nothing' },
        { key: 'pipe', why: 'a named pipe' },
        { key: 'socket', why: 'a socket' },
        { key: 'zero', why: 'a device' },
      ]);
      for (const { key } of skipped) {
        expect(await open(folder).head(key)).toBeUndefined();
        await expect(open(folder).get(key)).rejects.toThrow(NotFoundError);
      }
    } finally {
      server.close();
    }
  });

  const unreadable = process.getuid?.() === 0 ? it.skip : it;
  if (process.getuid?.() === 0) console.warn('files without permission are not tested: root may read everything');
  unreadable('leaves what may not be read to whoever asks to be told, and is an error to others', async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, '1.pt'), '');
    await writeFile(join(folder, '2.pt'), '', { mode: 0 });
    await mkdir(join(folder, 'closed'), { mode: 0 });
    const { objects, skipped } = await listAll(open(folder), '');
    expect(objects.map(({ key }) => key)).toEqual(['1.pt']);
    expect(skipped).toEqual(['2.pt', 'closed/'].map((key) => ({ key, why: 'not readable' })));
    await expect(keysOf(open(folder))).rejects.toThrow(AccessDeniedError);
  });

  it('writes secrets for its owner alone, in place of what others could read too', async () => {
    const folder = await freshFolder();
    const store = open(folder);
    await store.put('key', 'public');
    await store.put('key', 'secret', { secret: true });
    expect((await stat(join(folder, 'key'))).mode & 0o777).toBe(0o600);
    expect((await store.get('key')).toString()).toBe('secret');
  });

  it('never leaves its folder, whatever the key', async () => {
    const folder = await freshFolder();
    const inner = join(folder, 'inner');
    await mkdir(inner);
    await writeFile(join(folder, 'secret'), 'not yours');
    const store = open(inner);
    for (const key of ['../secret', '../../x', '/etc/x', 'a/../../secret', './../secret', '..']) {
      await expect(store.get(key)).rejects.toThrow(NotFoundError);
      await store.put(key, 'mine');
      expect((await store.get(key)).toString()).toBe('mine');
    }
    expect(await keysOf(store)).toHaveLength(6);
    expect((await readdir(folder)).sort()).toEqual(['inner', 'secret']);
    expect(await readFile(join(folder, 'secret'), 'utf8')).toBe('not yours');
  });

  it('tells the size of a 5 GB file and reads at its end', async () => {
    const folder = await freshFolder();
    const size = 5 * 2 ** 30 + 3;
    await writeFile(join(folder, 'big.pt'), '');
    await truncate(join(folder, 'big.pt'), size);
    const store = open(folder);
    expect((await store.head('big.pt'))!.size).toBe(size);
    expect(await store.getRange('big.pt', size - 2, size + 5)).toEqual(Buffer.alloc(2));
  });

  it('changes the etag when a file is edited in place', async () => {
    const folder = await freshFolder();
    const store = open(folder);
    const { etag } = await store.put('k', 'abc');
    await writeFile(join(folder, 'k'), 'abd');
    expect((await store.head('k'))!.etag).not.toBe(etag);
  });

  it('moves an object aside for a folder of its name while others read it', async () => {
    const store = open(await freshFolder());
    await store.put('a', 'object');
    let moving = true;
    const reads = Array.from({ length: 4 }, async () => {
      while (moving) expect((await store.get('a')).toString()).toBe('object');
    });
    for (let i = 0; i < 20; i++) {
      await store.put('a/b', 'below');
      await store.delete('a/b');
    }
    moving = false;
    await Promise.all(reads);
    expect(await store.putIfAbsent('a', 'second')).toBe(false);
    await store.delete('a');
    expect(await keysOf(store)).toEqual([]);
  });

  it('survives writers and deleters of the same folder at once', async () => {
    const store = open(await freshFolder());
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        for (let turn = 0; turn < 10; turn++) {
          await store.put(`deep/er/folder/${i}`, 'x');
          await store.delete(`deep/er/folder/${i}`);
        }
      }),
    );
    expect(await keysOf(store)).toEqual([]);
  });

  it('removes the folders that deletes empty and what dead writers left, and nothing else', async () => {
    const folder = await freshFolder();
    const work = join(folder, '.cosmicai-store');
    await mkdir(work);
    await writeFile(join(work, 'dead'), 'half');
    await writeFile(join(work, 'alive'), 'half');
    await utimes(join(work, 'dead'), 0, 0);
    await writeFile(join(folder, 'by-hand'), '');
    const store = open(folder);
    await store.put('runs/1/a', '');
    await store.put('runs/1/b', '');
    await store.deletePrefix('runs/');
    expect((await readdir(folder)).sort()).toEqual(['.cosmicai-store', 'by-hand']);
    expect(await readdir(work)).toEqual(['alive']);
    expect(await keysOf(store)).toEqual(['by-hand']);
  });

  it('leaves nothing but the objects, also of writers that come and go at once or fail', async () => {
    const folder = await freshFolder();
    const stores = Array.from({ length: 4 }, () => open(folder));
    await Promise.all(
      stores.map(async (store, writer) => {
        for (let turn = 0; turn < 50; turn++) await store.put(`${writer}/${turn}`, 'x');
      }),
    );
    const broken = Readable.from(
      (function* () {
        yield 'half';
        throw new Error('the source broke');
      })(),
    );
    await expect(stores[0]!.put('broken', broken)).rejects.toThrow('the source broke');
    expect((await readdir(folder)).sort()).toEqual(['0', '1', '2', '3']);
    expect(await keysOf(stores[0]!)).toHaveLength(200);
  });

  it('is empty before its folder exists when it may make it, and makes it with the first write', async () => {
    const folder = join(root, 'made/on/demand');
    const store = fileStore(folder);
    expect(await keysOf(store)).toEqual([]);
    expect(await store.head('k')).toBeUndefined();
    await expect(store.get('k')).rejects.toThrow(NotFoundError);
    await store.put('k', 'v');
    expect(await readFile(join(folder, 'k'), 'utf8')).toBe('v');
  });
});

it('counts the requests that a bucket would have been asked', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cosmicai-requests-'));
  const store = fileStore(folder);
  const before = requestsSoFar();
  await store.put('a', 'x');
  await store.putIfAbsent('a', 'x');
  await store.get('a');
  (await store.stream('a')).destroy();
  await store.head('a');
  for await (const { key } of store.list('')) expect(key).toBe('a');
  expect(await store.folders('')).toEqual([]);
  await store.delete('a');
  expect(requestsSince(before)).toEqual({ gets: 2, heads: 1, puts: 2, lists: 2, deletes: 1 });
  await rm(folder, { recursive: true });
});
