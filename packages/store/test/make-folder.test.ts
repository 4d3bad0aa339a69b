import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore, makeFolder, readableAddress } from '../src/index.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cosmicai-folder-'));
});
afterAll(() => rm(root, { recursive: true }));

describe('makeFolder', () => {
  it('makes what is missing, many at once too, and takes what is there', async () => {
    const path = join(root, 'a', 'b', 'c');
    await Promise.all(Array.from({ length: 8 }, () => makeFolder(path)));
    await makeFolder(path);
    expect((await stat(path)).isDirectory()).toBe(true);
    await symlink(path, join(root, 'link'));
    await makeFolder(join(root, 'link'));
  });

  it('fails where a file is in the way', async () => {
    await writeFile(join(root, 'file'), '');
    await expect(makeFolder(join(root, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(root, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  const linux = process.platform === 'linux' ? it : it.skip;
  linux('fails, and does not try for ever, where no folder can be made', async () => {
    await expect(makeFolder('/proc/none/below/deep')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(fileStore('/proc/none').put('a/b', '')).rejects.toThrow('Could not write "a/b" in /proc/none: ');
  });
});

describe('readableAddress', () => {
  it.each([
    ['file:///data/a%20b', undefined, '/data/a b'],
    ['file:///data/a%20b', '100% #?', '/data/a b/100% #?'],
    ['file:///', 'results', '/results'],
    ['file:///a%2Fb', 'x', 'file:///a%2Fb/x'],
    ['s3://bucket', 'a%20b', 's3://bucket/a%20b'],
    ['bucket', undefined, 'bucket'],
  ])('of %s and %s is %s', (address, key, readable) => {
    expect(readableAddress(address, key)).toBe(readable);
  });
});
