import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beside, right, warns, refused, kind, partition, type BadFolder } from './making.ts';

export const PLACES: readonly BadFolder[] = [
  kind(
    'a link to nothing beside',
    warns(/a link to nothing: 1 entry, 2\.pt/),
    beside((folder) => symlink('gone', join(folder, '2.pt'))),
  ),
  kind(
    'a named pipe beside',
    warns(/a named pipe: 1 entry, 2\.pt/),
    beside(async (folder) => execFileSync('mkfifo', [join(folder, '2.pt')])),
  ),
  kind(
    'a device beside',
    warns(/a device: 1 entry, 2\.pt/),
    beside((folder) => symlink('/dev/zero', join(folder, '2.pt'))),
  ),
  kind(
    'names that only look alike beside',
    warns(/3 files, 2\.pt\.old, 3\.pth, 4\.pt\.tmp/),
    beside(async (folder) => {
      for (const name of ['2.pt.old', '3.pth', '4.pt.tmp']) await writeFile(join(folder, name), 'x');
    }),
  ),
  kind(
    'a folder of more beside',
    warns(/further down.*1 file, old\/1\.pt/),
    beside(async (folder) => {
      await mkdir(join(folder, 'old'));
      await writeFile(join(folder, 'old/1.pt'), 'x');
    }),
  ),
  kind(
    'resource forks of macOS beside',
    right,
    beside((folder) => writeFile(join(folder, '._1.pt'), '\0\x05\x16\x07')),
  ),
  kind(
    'a link to the same file beside',
    warns(/links to files that are read already.*copy\.pt/),
    beside((folder) => symlink('1.pt', join(folder, 'copy.pt'))),
  ),
  kind(
    'links to the folder itself',
    right,
    beside(async (folder) => {
      for (const name of ['a', 'b', 'c.pt']) await symlink('.', join(folder, name));
    }),
  ),
  kind('latest -> v1', warns(/links to files that are read already.*latest\/1\.pt/), async (folder) => {
    await mkdir(join(folder, 'v1'));
    await writeFile(join(folder, 'v1/1.pt'), await partition());
    await symlink('v1', join(folder, 'latest'));
  }),
  kind('a folder named like a partition', refused(/No partition files.*1\.pt\//s), async (folder) => {
    await mkdir(join(folder, '1.pt'));
    await writeFile(join(folder, '1.pt/data.pkl'), 'x');
  }),
  kind(
    'other formats only',
    refused(/No partition files.*ranks read no HDF5.*2\.h5.*1 file, 1\.tar/s),
    async (folder) => {
      for (const name of ['1.tar', '2.h5']) await writeFile(join(folder, name), 'x');
    },
  ),
  kind('nothing at all', refused(/No partition files/), async () => undefined),
];
