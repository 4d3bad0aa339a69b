import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { openTarget, writeCatalogue, type Table } from '../src/index.ts';
import { ODD } from './support/tables.ts';
import { written } from './support/written.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cosmicai-write-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const target = (out: string, more: { format?: string; healpix?: number } = {}) =>
  openTarget(out, { cwd: folder, stdout: new PassThrough(), ...more });
const FAILING: Table = {
  ...ODD,
  async *chunks() {
    for await (const chunk of ODD.chunks()) yield chunk;
    throw new Error('the run is gone');
  },
};

describe('a catalogue that is written', () => {
  it.each([
    ['a.parquet', 'parquet'],
    ['a.PQ', 'parquet'],
    ['a.fits', 'fits'],
    ['a.vot', 'votable'],
    ['a.xml', 'votable'],
    ['a.ecsv', 'ecsv'],
    ['a.csv', 'csv'],
  ])('%s is of the format %s', async (name, format) => {
    await writeCatalogue(ODD, await target(name));

    expect(readFileSync(join(folder, name)).equals(await written(ODD, format))).toBe(true);
    expect(readdirSync(folder)).toEqual([name]);
  });

  it('takes the format that is named whatever the file is called, and refuses names that say none', async () => {
    await writeCatalogue(ODD, await target('table', { format: 'csv' }));

    expect(readFileSync(join(folder, 'table'), 'utf8')).toMatch(/^id,name/);
    await expect(target('table')).rejects.toThrow(/ends in \.parquet, \.pq, \.fits, .*--format/);
  });

  it.each(['a.parquet', 'a.fits', 'a.csv'])('leaves what was there, and nothing else, when %s fails', async (name) => {
    writeFileSync(join(folder, name), 'before');

    await expect(writeCatalogue(FAILING, await target(name))).rejects.toThrow('the run is gone');
    expect(readdirSync(folder)).toEqual([name]);
    expect(readFileSync(join(folder, name), 'utf8')).toBe('before');
  });

  it('ends when it is stopped', async () => {
    const controller = new AbortController();
    const writing = writeCatalogue(ODD, await target('a.csv'), {
      signal: controller.signal,
      onRows: () => controller.abort(new Error('stopped')),
    });

    await expect(writing).rejects.toThrow('stopped');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('goes to standard output as text alone', async () => {
    const stdout = new PassThrough();
    await writeCatalogue(ODD, await openTarget('-', { cwd: folder, stdout, format: 'csv' }));

    expect(stdout.writableEnded).toBe(false);
    expect(String(stdout.read())).toBe((await written(ODD, 'csv')).toString());
    await expect(target('-', { format: 'fits' })).rejects.toThrow('is not text');
    await expect(target('s3://bucket')).rejects.toThrow();
  });
});
