import { execFile, execFileSync } from 'node:child_process';
import {
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EnvironmentError, UserInputError } from '@cosmicai/payload';
import { beginFile, makeNamedFolder, removeBegunFiles, writeNamedFile } from '../src/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cosmicai-named-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const path = (...parts: string[]) => join(folder, ...parts);

describe('a file that the command line asks for', () => {
  it('is there under its name when it is whole, and leaves nothing when it is given up', async () => {
    const file = await beginFile(path('a.csv'), 'Predictions');
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^a\.csv\.[0-9a-f]{8}\.partial$/)]);
    await file.write(['a', 'b\n']);
    expect(readdirSync(folder)).toEqual(['a.csv']);
    expect(readFileSync(path('a.csv'), 'utf8')).toBe('ab\n');
    await (await beginFile(path('b.csv'), 'Predictions')).abandon();
    expect(readdirSync(folder)).toEqual(['a.csv']);
  });

  it('is taken away unfinished where its process is to be gone at once, and stays where it is whole', async () => {
    await writeNamedFile(path('a.csv'), 'Predictions', 'a');
    const file = await beginFile(path('b.csv'), 'Predictions');
    removeBegunFiles();
    expect(readdirSync(folder)).toEqual(['a.csv']);
    await file.abandon();
  });

  it.each([
    [
      'in a folder that is missing',
      'gone/a.csv',
      /^Predictions can't be written to .*a\.csv: there is no folder .*gone\. /,
    ],
    ['below a file', 'file/a.csv', /: a part of the path is a file/],
    ['in place of a folder', 'folder', /: it is a folder\.$/],
    ['under too long a name', `${'n'.repeat(300)}.csv`, /: the name is too long/],
    ['through a link to nowhere', 'link', /: there is no folder /],
  ])('%s is refused before there is anything to write', async (_name, name, message) => {
    writeFileSync(path('file'), '');
    mkdirSync(path('folder'));
    symlinkSync('gone/below', path('link'));
    const refusal = beginFile(path(name), 'Predictions');
    await expect(refusal).rejects.toThrow(UserInputError);
    await expect(refusal).rejects.toThrow(message);
  });

  const linux = process.platform === 'linux' ? it : it.skip;
  linux('is refused where no file can be made, and told of a full disk', async () => {
    await expect(writeNamedFile('/proc/none/a.html', 'The report', '')).rejects.toThrow(
      "The report can't be written to /proc/none/a.html: there is no folder /proc/none.",
    );
    await expect(writeNamedFile('/proc/a.html', 'The report', '')).rejects.toThrow(
      "The report can't be written to /proc/a.html: no file can be made there. Name another place.",
    );
    await expect(makeNamedFolder('/proc/none/deep', 'Plots')).rejects.toThrow(
      "Plots can't be written to /proc/none/deep: no folder can be made there.",
    );
    const full = writeNamedFile('/dev/full', 'The report', 'text');
    await expect(full).rejects.toThrow(EnvironmentError);
    await expect(full).rejects.toThrow('the disk is full (ENOSPC). Free some space.');
  });

  it('folders that were made for nothing go as far as nothing is in them', async () => {
    mkdirSync(path('there'));
    const made = await makeNamedFolder(path('there/a/b'), 'Plots');
    writeFileSync(path('there/a/kept'), '');
    await made.abandon();
    expect(readdirSync(path('there/a'))).toEqual(['kept']);
    rmSync(path('there/a/kept'));
    await (await makeNamedFolder(path('there/a/b'), 'Plots')).abandon();
    expect(readdirSync(path('there'))).toEqual(['a']);
    await (await makeNamedFolder(path('there/x/y'), 'Plots')).abandon();
    expect(readdirSync(path('there'))).toEqual(['a']);
  });

  it('is not written through what somebody has left beside its place', async () => {
    writeFileSync(path('precious'), 'precious');
    symlinkSync('precious', path('a.csv.partial'));
    await writeNamedFile(path('a.csv'), 'Predictions', 'new');
    expect([path('a.csv'), path('precious')].map((name) => readFileSync(name, 'utf8'))).toEqual(['new', 'precious']);
    // Nobody can foresee the name: two at once have one each.
    const [one, other] = [await beginFile(path('b.csv'), 'Predictions'), await beginFile(path('b.csv'), 'Predictions')];
    expect(readdirSync(folder).filter((name) => name.startsWith('b.csv.'))).toHaveLength(2);
    await Promise.all([one.write('whole'), other.abandon()]);
    expect(readFileSync(path('b.csv'), 'utf8')).toBe('whole');
    expect(readdirSync(folder).filter((name) => name.startsWith('b.csv.'))).toEqual([]);
  });

  const asRoot = process.geteuid?.() === 0 ? it : it.skip;
  if (process.geteuid?.() !== 0) console.warn('SKIPPED: links of other users; only root can make some');
  asRoot('is not written through a link of another user', async () => {
    writeFileSync(path('precious'), 'precious');
    symlinkSync('precious', path('link'));
    lchownSync(path('link'), 65_534, 65_534);
    await expect(writeNamedFile(path('link'), 'The report', 'new')).rejects.toThrow(
      'a link that another user has made',
    );
    expect(readFileSync(path('precious'), 'utf8')).toBe('precious');
  });

  linux('goes into a device, a pipe or a link that is there instead of replacing it', async () => {
    await writeNamedFile('/dev/null', 'The report', 'text');
    symlinkSync('target', path('link'));
    await writeNamedFile(path('link'), 'The report', 'linked');
    expect(readFileSync(path('target'), 'utf8')).toBe('linked');
    execFileSync('mkfifo', [path('pipe')]);
    const read = promisify(execFile)('cat', [path('pipe')]);
    await writeNamedFile(path('pipe'), 'The report', 'piped');
    expect((await read).stdout).toBe('piped');
  });
});
