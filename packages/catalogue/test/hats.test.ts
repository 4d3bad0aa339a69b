import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileStore } from '@cosmicai/store';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { openTarget, writeCatalogue, type Column, type Table, type Values } from '../src/index.ts';
import { bucketsOf } from '../src/hats/buckets.ts';
import { writeHats } from '../src/hats/write-hats.ts';
import { finestPixel } from '../src/healpix/nested.ts';
import { tableOf } from './support/tables.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cosmicai-hats-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const column = (name: string, kind: Column['kind']): Column => ({
  ...{ name, kind, isList: false, nullable: false, description: name },
});
const ROWS = 500;
/** Spread over the sky, and each twice as its own neighbour. */
const RA = Float64Array.from({ length: ROWS }, (_, row) => (Math.floor(row / 2) * 137.5) % 360);
const DEC = Float64Array.from({ length: ROWS }, (_, row) => ((Math.floor(row / 2) * 7.3) % 180) - 90);
const sky = (ra: Values = RA, dec: Values = DEC): Table =>
  tableOf(
    [
      [column('id', 'text'), Array.from(RA, (_, row) => `g${row}`)],
      [column('ra', 'float64'), ra],
      [column('dec', 'float64'), dec],
    ],
    37,
  );
const target = (out: string, healpix = 1) => openTarget(out, { healpix, cwd: folder, stdout: new PassThrough() });
const bufferOf = (path: string) => new Uint8Array(readFileSync(join(folder, path))).buffer;
const filesIn = (path: string) =>
  readdirSync(join(folder, path), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());

async function rowsOf(path: string) {
  const names = readdirSync(join(folder, path, 'dataset', 'Norder=1', 'Dir=0')).sort(
    (a, b) => Number(/\d+/.exec(a)?.[0]) - Number(/\d+/.exec(b)?.[0]),
  );
  const files = names.map(async (name) => ({
    pixel: Number(/\d+/.exec(name)?.[0]),
    rows: await parquetReadObjects({ file: bufferOf(join(path, 'dataset', 'Norder=1', 'Dir=0', name)) }),
  }));
  return await Promise.all(files);
}

describe('a catalogue in HATS', () => {
  it('has each galaxy once, in the file of its pixel, sorted', async () => {
    await writeCatalogue(sky(), await target('out'));
    const files = await rowsOf('out');

    const rows = files.flatMap((file) => file.rows);
    expect(rows.map(({ id }): unknown => id).sort()).toEqual(Array.from(RA, (_, row) => `g${row}`).sort());
    for (const { pixel, rows: own } of files)
      for (const { _healpix_29: healpix, ra, dec } of own) {
        expect(healpix).toBe(finestPixel(Number(ra), Number(dec)));
        expect(Number(BigInt(String(healpix)) >> 56n)).toBe(pixel);
      }
    const order = rows.map(({ _healpix_29: healpix }) => BigInt(String(healpix)));
    expect(order).toEqual(order.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
  });

  it('says what it is and which files there are', async () => {
    await writeCatalogue(sky(), await target('out'));
    const files = await rowsOf('out');
    const properties = readFileSync(join(folder, 'out', 'hats.properties'), 'utf8');
    const {
      row_groups: groups,
      num_rows: rows,
      key_value_metadata: facts,
    } = parquetMetadata(bufferOf('out/dataset/_metadata'));

    for (const line of [
      'obs_collection=out',
      'dataproduct_type=object',
      `hats_nrows=${ROWS}`,
      'hats_col_ra=ra',
      'hats_col_dec=dec',
      'hats_col_healpix=_healpix_29',
      'hats_col_healpix_order=29',
      'hats_order=1',
      'hats_npix_suffix=.parquet',
      'cosmicai_run_id=run-1',
    ])
      expect(properties.split('\n')).toContain(line);
    expect(readFileSync(join(folder, 'out', 'properties'), 'utf8')).toBe(properties);
    expect(readFileSync(join(folder, 'out', 'partition_info.csv'), 'utf8')).toBe(
      ['Norder,Npix', ...files.map(({ pixel }) => `1,${pixel}`), ''].join('\n'),
    );
    expect(Number(rows)).toBe(ROWS);
    expect(groups.map(({ columns, num_rows: count }) => [columns[0]?.file_path, Number(count)])).toEqual(
      files.map(({ pixel, rows: own }) => [`Norder=1/Dir=0/Npix=${pixel}.parquet`, own.length]),
    );
    expect(facts?.find(({ key }) => key === 'cosmicai.run_id')?.value).toBe('run-1');
    expect(parquetMetadata(bufferOf('out/dataset/_common_metadata'))).toMatchObject({ num_rows: 0n });
    expect(filesIn('out')).toHaveLength(files.length + 5);
  });

  it('has the keys that readers of HATS know, and numbers of a few pixels that are not rounded away', async () => {
    mkdirSync(join(folder, 'out'));
    const store = fileStore(join(folder, 'out'));
    const created = new Date('2026-03-04T05:06:07.891Z');
    const facts = [{ name: 'software', keyword: 'CREATOR', value: 'CosmicAI 1', about: 'what wrote this' }];
    await writeHats({ ...sky(), facts }, { store, prefix: '', order: 9, name: 'c', scratch: folder, created });

    const lines = readFileSync(join(folder, 'out', 'hats.properties'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.shift()).toBe('#HATS catalog');
    const told = new Map(
      lines.map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    expect([...told.keys()].filter((key) => !key.startsWith('cosmicai_'))).toEqual([
      ...['obs_collection', 'dataproduct_type', 'hats_nrows', 'hats_col_ra', 'hats_col_dec', 'hats_col_healpix'],
      ...['hats_col_healpix_order', 'hats_npix_suffix', 'hats_max_rows', 'hats_order', 'hats_estsize'],
      ...['hats_creation_date', 'hats_release_date', 'hats_version', 'moc_sky_fraction', 'hats_builder', 'obs_title'],
    ]);
    expect(told.get('hats_builder')).toBe('CosmicAI 1');
    expect(told.get('hats_creation_date')).toBe('2026-03-04T05:06Z');
    const paths = filesIn('out').filter(({ name }) => name.endsWith('.parquet'));
    expect(Number(told.get('moc_sky_fraction'))).toBeCloseTo(paths.length / (12 * 4 ** 9), 9);
    // 10,000 pixels to a folder.
    const inFolders = paths.map(({ name, parentPath }) => [parentPath.slice(join(folder, 'out').length), name]);
    const pixels = inFolders.map(([, name]) => Number(/^Npix=(\d+)\.parquet$/.exec(name!)?.[1]));
    expect(Math.max(...pixels)).toBeGreaterThan(3_000_000);
    expect(inFolders.map(([path]) => path)).toEqual(
      pixels.map((pixel) => join('/dataset', 'Norder=9', `Dir=${pixel - (pixel % 10_000)}`)),
    );
  });

  it('is the same whether all rows are sorted at once or through files', async () => {
    const write = async (name: string, most?: number) => {
      mkdirSync(join(folder, name));
      const options = { store: fileStore(join(folder, name)), prefix: '', order: 1, name: 'c', scratch: folder };
      await writeHats(sky(), { ...options, ...(most !== undefined && { most }) });
      return await rowsOf(name);
    };

    expect(await write('by-files', 40)).toEqual(await write('at-once'));
    expect(readdirSync(folder).sort()).toEqual(['at-once', 'by-files']);
  });

  it('leaves nothing where a galaxy has no position, or the run has none', async () => {
    const without = (name: 'ra' | 'dec') => ({ ...sky(), columns: sky().columns.filter((each) => each.name !== name) });
    const lost = Float64Array.from(DEC, (dec, row) => (row === 123 ? NaN : dec));

    await expect(writeCatalogue(sky(RA, lost), await target('out'))).rejects.toThrow(
      '--healpix: the galaxy of row 123 has no position: its ra is 107.5, its dec NaN',
    );
    await expect(writeCatalogue(without('dec'), await target('out'))).rejects.toThrow(
      /no columns|expected columns ra and dec/,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses places where something is, and names that are no folder', async () => {
    mkdirSync(join(folder, 'full'));
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'full', 'mine'), '');

    await expect(target('full')).rejects.toThrow('there is something in it');
    await expect(target('full/mine')).rejects.toThrow('expected a folder, or nothing');
    await expect(target('-')).rejects.toThrow('give -o a folder');
    await writeCatalogue(sky(), await target('empty'));
    expect(readdirSync(join(folder, 'empty'))).toContain('hats.properties');
  });

  it('knows positions whose names are in capitals', async () => {
    const plain = sky();
    const renamed = plain.columns.map((each) => ({ ...each, name: each.name.toUpperCase() }));
    const own = (asked: readonly Column[]) => asked.map((each) => plain.columns[renamed.indexOf(each)]!);
    const table: Table = { ...plain, columns: renamed, chunks: (asked = renamed) => plain.chunks(own(asked)) };

    await writeCatalogue(table, await target('out'));
    expect(readFileSync(join(folder, 'out', 'hats.properties'), 'utf8')).toContain(
      'hats_col_ra=RA\nhats_col_dec=DEC\n',
    );
  });

  it('is there without a galaxy', async () => {
    await writeCatalogue(
      tableOf(
        [
          [column('ra', 'float64'), []],
          [column('dec', 'float64'), []],
        ],
        1,
      ),
      await target('out'),
    );

    expect(readFileSync(join(folder, 'out', 'partition_info.csv'), 'utf8')).toBe('Norder,Npix\n');
    expect(parquetMetadata(bufferOf('out/dataset/_metadata'))).toMatchObject({ num_rows: 0n });
  });
});

describe('buckets of cells', () => {
  it('hold as many rows as can be sorted, in the order of the cells', () => {
    expect(bucketsOf(Uint32Array.of(2, 0, 2, 1, 9, 0, 1), 4)).toEqual({
      bucketOf: Uint32Array.of(0, 0, 0, 1, 2, 3, 3),
      buckets: 4,
    });
    expect(bucketsOf(new Uint32Array(3), 4).buckets).toBe(1);
  });
});
