/* What astropy, pyarrow and DuckDB read of the catalogues, where there is a Python that has them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { torchPython } from '../../../test/torch-python.ts';
import type { Table } from '../src/index.ts';
import { ODD } from './support/tables.ts';
import { written } from './support/written.ts';

const MODULES = 'astropy, pyarrow, pandas, duckdb';
const python = torchPython(MODULES);
if (python === undefined)
  console.warn(`No Python with ${MODULES}: catalogues are not read by them. Set COSMICAI_PYTHON to one that has them.`);
const withPython = python === undefined ? it.skip : it;

const columns = z.record(z.string(), z.array(z.unknown()));
const texts = z.record(z.string(), z.string());
const tableSchema = z.object({ columns, units: texts, meta: z.record(z.string(), z.unknown()) });
const foundSchema = z.object({
  arrow: z.object({ columns, types: texts, fields: z.record(z.string(), texts), meta: texts }),
  duckdb: z.object({ parquet: columns, csv: columns }),
  fits: tableSchema,
  votable: tableSchema.extend({ infos: texts, ucds: texts }),
  ecsv: tableSchema,
  astropy_parquet: tableSchema,
  voparquet: tableSchema,
});

/** As runs have them: astropy takes no VOParquet with nulls but in columns of floats. */
const plainColumns = ODD.columns.filter(({ name }) => /^(id|ra|z_pred|z_spec)$/.test(name));
const PLAIN: Table = { ...ODD, columns: plainColumns, chunks: (columns = plainColumns) => ODD.chunks(columns) };

let found: z.output<typeof foundSchema>;
beforeAll(async () => {
  if (python === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'cosmicai-read-back-'));
  try {
    for (const format of ['parquet', 'fits', 'votable', 'ecsv', 'csv'])
      writeFileSync(join(folder, `odd.${format}`), await written(ODD, format));
    writeFileSync(join(folder, 'plain.parquet'), await written(PLAIN, 'parquet'));
    const script = join(import.meta.dirname, 'fixtures', 'read_back.py');
    const { stdout, stderr } = spawnSync(python, [script, folder], { encoding: 'utf8' });
    if (stdout === '') throw new Error(stderr);
    found = foundSchema.parse(JSON.parse(stdout));
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);

/** As Python's float.hex() has them. */
const HALF = '0x1.0000000000000p-1';
const QUARTER = '0x1.0000000000000p-2';
const IDS = ['9007199254740993', '-1', '9223372036854775807'];
const RA = ['0x1.999999999999ap-4', '0x1.67fffffffffffp+8', '0x1.6800000000000p+7'];
const Z_PRED = ['0x1.99999a0000000p-4', 'nan', 'inf'];
const NAMES = ['a "b", c', null, 'größe 😀'];
const UNITS = { ra: 'deg' };

withPython('pyarrow and DuckDB read the same values from Parquet, with nulls', () => {
  const expected = {
    ...{ id: IDS, name: NAMES, ra: RA, z_pred: Z_PRED, z_spec: [null, 'nan', QUARTER] },
    ...{ n: ['-7', null, '2147483647'], ok: [true, false, null], pdf: [[HALF, QUARTER], null, []] },
  };
  expect(found.arrow.columns).toEqual(expected);
  expect(found.duckdb.parquet).toEqual(expected);
  expect(found.arrow.types).toMatchObject({ id: 'int64', name: 'string', z_pred: 'float', n: 'int32', ok: 'bool' });
  expect(found.arrow.fields.ra).toMatchObject({ unit: 'deg', ucd: 'pos.eq.ra;meta.main', description: 'The ra' });
  expect(found.arrow.fields.n).toMatchObject({ description: 'The n' });
  expect(found.arrow.fields.n).not.toHaveProperty('unit');
  expect(found.arrow.meta).toMatchObject({ 'cosmicai.run_id': 'run-1', 'cosmicai.note': ODD.facts[1]?.value });
});

withPython('astropy knows the units, descriptions and facts of Parquet, by its own key and as VOParquet', () => {
  for (const { columns: read, units } of [found.astropy_parquet, found.voparquet]) {
    expect(read).toMatchObject({ id: IDS, ra: RA, z_pred: Z_PRED });
    expect(units).toEqual(UNITS);
  }
  expect(found.astropy_parquet.meta).toMatchObject({ run_id: 'run-1', note: ODD.facts[1]?.value });
});

withPython('DuckDB reads the same values from CSV', () => {
  expect(found.duckdb.csv).toMatchObject({ id: IDS, name: NAMES, ra: RA, ok: [true, false, null] });
  expect(found.duckdb.csv.n).toEqual(['-7', null, '2147483647']);
});

withPython('astropy reads the same values from FITS, masked where there are none', () => {
  expect(found.fits.columns).toMatchObject({ id: IDS, ra: RA, n: ['-7', null, '2147483647'] });
  expect(found.fits.columns.z_pred).toEqual([Z_PRED[0], null, 'inf']);
  expect(found.fits.columns.pdf).toEqual([[HALF, QUARTER], [], []]);
  expect(found.fits.units).toEqual(UNITS);
  expect(found.fits.meta).toMatchObject({ RUNID: 'run-1', TUCD3: 'pos.eq.ra;meta.main' });
});

withPython('astropy reads the same values from VOTable, and finds it strictly valid', () => {
  expect(found.votable.columns).toMatchObject({ id: IDS, ra: RA, n: ['-7', null, '2147483647'] });
  expect(found.votable.columns.name).toEqual(['a "b", c', '', 'größe 😀']);
  expect(found.votable.columns.z_spec).toEqual([null, null, QUARTER]);
  expect(found.votable.units).toEqual(UNITS);
  expect(found.votable.infos).toEqual(Object.fromEntries(ODD.facts.map(({ name, value }) => [name, value])));
  expect(found.votable.ucds).toEqual({ id: 'meta.id;meta.main', ra: 'pos.eq.ra;meta.main' });
});

withPython('astropy reads the same values from ECSV', () => {
  expect(found.ecsv.columns).toEqual({
    ...{ id: IDS, name: NAMES, ra: RA, z_pred: Z_PRED, z_spec: [null, 'nan', QUARTER] },
    ...{ n: ['-7', null, '2147483647'], ok: [true, false, null], pdf: [[HALF, QUARTER], [], []] },
  });
  expect(found.ecsv.units).toEqual(UNITS);
  expect(found.ecsv.meta).toMatchObject({ run_id: 'run-1', note: ODD.facts[1]?.value });
});
