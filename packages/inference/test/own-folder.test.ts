import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '../src/index.ts';
import { OwnFolder } from '../src/own-folder.ts';
import { node, testModel } from '../../../test/onnx-models.ts';

/** Nobody, in the sense of most systems; any user but this one would do. */
const ANOTHER_USER = 65_534;
const isRoot = process.geteuid?.() === 0;
if (!isRoot) console.warn('SKIPPED: folders and files of other users; only root can make some');

let home: string;
let place: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'cosmicai-own-folder-'));
  place = join(home, 'kept');
});
afterEach(() => rm(home, { recursive: true }));

interface Planted {
  readonly what: string;
  /** Plants what somebody else may have left. The folder holds a file `x` already, written by this user. */
  readonly plant: () => Promise<void>;
  readonly onlyRoot?: boolean;
}

const FOLDERS: readonly Planted[] = [
  { what: 'a folder of another user', plant: () => chown(place, ANOTHER_USER, ANOTHER_USER), onlyRoot: true },
  { what: 'a folder that everybody may write in', plant: () => chmod(place, 0o777) },
  {
    what: 'a link to a folder of this user',
    plant: async () => {
      await rename(place, join(home, 'elsewhere'));
      await symlink(join(home, 'elsewhere'), place);
    },
  },
  { what: 'a folder where everybody may rename it', plant: () => chmod(home, 0o777) },
  {
    what: 'a file',
    plant: async () => {
      await rm(place, { recursive: true });
      await writeFile(place, '');
    },
  },
];

const FILES: readonly Planted[] = [
  { what: 'a file of another user', plant: () => chown(join(place, 'x'), ANOTHER_USER, ANOTHER_USER), onlyRoot: true },
  {
    what: 'a link to a file of this user',
    plant: async () => {
      await rename(join(place, 'x'), join(home, 'x'));
      await symlink(join(home, 'x'), join(place, 'x'));
    },
  },
];

const possible = (planted: readonly Planted[]) => planted.filter(({ onlyRoot = false }) => isRoot || !onlyRoot);

describe('a folder of one’s own', () => {
  it('is made for this user alone, and keeps what is written', async () => {
    const folder = new OwnFolder(place);
    expect(await folder.read('x')).toBeUndefined();
    expect(await folder.write('x', 'first')).toBe(true);
    expect(await folder.write('x', 'second')).toBe(true);
    expect(await folder.read('x')).toBe('second');
    expect(await readdir(place)).toEqual(['x']);
    expect((await stat(place)).mode & 0o777).toBe(0o700);
    expect((await stat(join(place, 'x'))).mode & 0o777).toBe(0o600);
  });

  it.each(possible(FOLDERS))('is not $what', async ({ plant }) => {
    const folder = new OwnFolder(place);
    await folder.write('x', 'ours');
    await plant();
    expect(await folder.read('x')).toBeUndefined();
    expect(await folder.write('y', 'ours')).toBe(false);
    const everything = await readdir(home, { recursive: true });
    expect(everything.filter((name) => name.includes('y'))).toEqual([]);
  });

  it.each(possible(FILES))('gives nothing of $what, and writes over it', async ({ plant }) => {
    const folder = new OwnFolder(place);
    await folder.write('x', 'ours');
    await plant();
    expect(await folder.read('x')).toBeUndefined();
    await folder.write('x', 'ours again');
    expect(await folder.read('x')).toBe('ours again');
    // What the link led to is as it was.
    if ((await readdir(home)).includes('x')) expect(await readFile(join(home, 'x'), 'utf8')).toBe('ours');
  });

  it('is one where others have write permission but can’t rename it, as in the usual place', async () => {
    await chmod(home, 0o1777);
    expect(await new OwnFolder(place).write('x', 'ours')).toBe(true);
  });
});

it('a model is not let pass for a verdict that somebody else has planted', async () => {
  const modelPath = join(home, 'm.onnx');
  await writeFile(
    modelPath,
    testModel({
      answer: [node('ReduceMean', ['z'], 'mean', { keepdims: 0 }), node('Sub', ['z', 'mean'], 'redshift')],
    }),
  );
  const open = async (how: { readonly allowBatchDependence?: boolean }) => {
    const { predictor } = await openModel({ modelPath, workers: 1, cacheFolder: place, ...how });
    await predictor.close();
  };
  await mkdir(place);
  await open({ allowBatchDependence: true });
  const [verdict] = await readdir(place);
  await writeFile(join(place, verdict!), '{"batchDependence": null}');
  // Written by this user it is believed; who can write there needs no such trick.
  await open({});

  await rename(place, join(home, 'elsewhere'));
  await symlink(join(home, 'elsewhere'), place);

  await expect(open({})).rejects.toThrow('depends on the galaxies beside it');
});
