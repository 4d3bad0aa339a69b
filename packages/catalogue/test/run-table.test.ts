import { fileStore, type ObjectStore } from '@cosmicai/store';
import { readWholeRun } from '@cosmicai/runs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { openRunTable, type Cell, type Table } from '../src/index.ts';
import { rankOf, type Galaxy } from '../../../test/made-ranks.ts';
import { makeRun, MODEL, RUN_ID, type MadeRank } from '../../../test/made-run.ts';

let folder: string;
let store: ObjectStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cosmicai-catalogue-'));
  store = fileStore(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const place = () => ({ bucket: store.url, resultPath: 'results', runId: RUN_ID });
const tableOf = async (ranks: readonly MadeRank[], options = {}): Promise<Table> => {
  await makeRun(store, ranks);
  return await openRunTable(place(), await readWholeRun(place(), options), 'CosmicAI 0');
};
const column = async (table: Table, name: string): Promise<Cell[]> => {
  const cells: Cell[] = [];
  const found = table.columns.filter((each) => each.name === name);
  for await (const { values } of table.chunks(found)) for (const each of values) cells.push(...each);
  return cells;
};
const galaxy = (z: number, more: Partial<Galaxy> = {}): Galaxy => ({ z, truth: z + 0.5, ...more });
const encoded = ({ predictions }: MadeRank) => (predictions instanceof Uint8Array ? predictions : '');
const fact = (table: Table, name: string) => table.facts.find((each) => each.name === name)?.value;

const DENSITY = { name: 'pdf', kind: 'density' as const, grid: [0, 1, 2], scores: 'probabilities' as const };

describe('the table of a run', () => {
  it('has the galaxies of all ranks in the natural order of the partitions, whoever read them', async () => {
    const table = await tableOf([
      rankOf(['d/10.pt', [galaxy(10), galaxy(11)]], ['d/2.pt', [galaxy(2)]]),
      rankOf(['d/1.pt', [galaxy(0), galaxy(1)]]),
    ]);

    expect(table.rows).toBe(5);
    expect(await column(table, 'z_pred')).toEqual([0, 1, 2, 10, 11]);
    expect(await column(table, 'id')).toEqual(['d/1.pt#0', 'd/1.pt#1', 'd/2.pt#0', 'd/10.pt#0', 'd/10.pt#1']);
    expect(table.columns.map(({ name }) => name)).toEqual([
      ...['id', 'z_pred', 'z_spec', 'mag_u', 'mag_g', 'mag_r', 'mag_i', 'mag_z', 'flags'],
    ]);
    expect(fact(table, 'ids')).toMatch(/^<partition>#<index>/);
    expect(fact(table, 'model_sha256')).toBe(MODEL);
    expect(fact(table, 'run_id')).toBe(RUN_ID);
  });

  it('keeps whole numbers beyond 2^53 as they are', async () => {
    const ids = [9007199254740993n, -9223372036854775808n, 9223372036854775807n];
    const table = await tableOf([rankOf(['1.pt', ids.map((id) => galaxy(0.1, { id }))])]);

    expect(table.columns[0]).toMatchObject({ name: 'id', kind: 'int64', nullable: false });
    expect(await column(table, 'id')).toEqual(ids);
    expect(fact(table, 'ids')).toBe("the objects' own names");
  });

  it('takes nothing from a rank of which all files are empty', async () => {
    const table = await tableOf([rankOf(['1.pt', [galaxy(1, { id: 2n ** 53n + 1n })]]), rankOf(['2.pt', []])]);

    expect(table.columns[0]).toMatchObject({ name: 'id', kind: 'int64', nullable: false });
    expect(await column(table, 'id')).toEqual([2n ** 53n + 1n]);
    expect(fact(table, 'ids')).toBe("the objects' own names");
  });

  it('makes text of names that are numbers, text and none in different ranks', async () => {
    const table = await tableOf([
      rankOf(['1.pt', [galaxy(1, { id: 9007199254740993n })]]),
      rankOf(['2.pt', [galaxy(2, { id: 'größe, "x"' })]]),
      rankOf(['3.pt', [galaxy(3)]]),
    ]);

    expect(table.columns[0]).toMatchObject({ kind: 'text' });
    expect(await column(table, 'id')).toEqual(['9007199254740993', 'größe, "x"', '3.pt#0']);
    expect(fact(table, 'ids')).toMatch(/own names, and <partition>#<index>/);
  });

  it('has null where nobody knows the redshift, and NaN where the file says so', async () => {
    const table = await tableOf([
      rankOf(['1.pt', [galaxy(1, { truth: null }), galaxy(2, { truth: null })]]),
      rankOf(['2.pt', [galaxy(3, { truth: NaN }), galaxy(NaN, { flags: 32 })]]),
    ]);

    expect(table.columns.find(({ name }) => name === 'z_spec')).toMatchObject({ kind: 'float64', nullable: true });
    expect(await column(table, 'z_spec')).toEqual([null, null, NaN, NaN]);
    expect(await column(table, 'z_pred')).toEqual([1, 2, 3, NaN]);
    expect(await column(table, 'flags')).toEqual([0, 0, 0, 32]);
  });

  it('takes whatever columns the ranks have: lists, text, truth values, and none where a rank lacks one', async () => {
    const list = [
      { name: 'z_density', repetition_type: 'REQUIRED', converted_type: 'LIST', num_children: 1 },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
    ] as const satisfies SchemaElement[];
    const leaf = (name: string, type: SchemaElement['type'], more: Partial<SchemaElement> = {}): SchemaElement => ({
      ...{ name, repetition_type: 'REQUIRED', ...(type && { type }) },
      ...more,
    });
    const text = { converted_type: 'UTF8' } as const;
    const file = parquetWriteBuffer({
      schema: [
        { name: 'root', num_children: 9 },
        ...[leaf('rank', 'INT32'), leaf('partition', 'BYTE_ARRAY', text), leaf('index', 'INT32')],
        ...[leaf('z_spec', 'DOUBLE'), ...list, leaf('RA', 'DOUBLE'), leaf('field', 'BYTE_ARRAY', text)],
        ...[leaf('is_star', 'BOOLEAN'), leaf('flags', 'INT32')],
      ],
      columnData: [
        { name: 'rank', data: Int32Array.of(0, 0) },
        { name: 'partition', data: ['1.pt', '1.pt'] },
        { name: 'index', data: Int32Array.of(0, 1) },
        { name: 'z_spec', data: Float64Array.of(1, 2) },
        {
          name: 'z_density',
          data: [
            [0.5, 0.5],
            [0.25, 0.75],
          ],
        },
        { name: 'RA', data: Float64Array.of(10, 20) },
        { name: 'field', data: ['a', 'b'] },
        { name: 'is_star', data: [true, false] },
        { name: 'flags', data: Int32Array.of(0, 4) },
      ],
    });
    const table = await tableOf([
      {
        partitions: [{ key: '1.pt', samples: 2 }],
        predictions: new Uint8Array(file),
        result: { model_output: DENSITY },
      },
      rankOf(['2.pt', [galaxy(3)]]),
    ]);

    expect(fact(table, 'model_output')).toBe(JSON.stringify(DENSITY));
    expect(table.columns.slice(0, 5).map(({ name, kind }) => [name, kind])).toEqual([
      ...[
        ['id', 'text'],
        ['RA', 'float64'],
        ['z_pred', 'float32'],
        ['z_density', 'float32'],
        ['z_spec', 'float64'],
      ],
    ]);
    expect(table.columns[1]).toMatchObject({ unit: 'deg', ucd: 'pos.eq.ra;meta.main', nullable: true });
    expect(table.columns[3]).toMatchObject({ isList: true, nullable: true });
    expect(await column(table, 'z_density')).toEqual([[0.5, 0.5], [0.25, 0.75], null]);
    expect(await column(table, 'field')).toEqual(['a', 'b', null]);
    expect(await column(table, 'is_star')).toEqual([true, false, null]);
    expect(await column(table, 'z_pred')).toEqual([null, null, 3]);
    expect(await column(table, 'flags')).toEqual([0, 4, 0]);
  });

  it('is there without a galaxy', async () => {
    const table = await tableOf([rankOf(['1.pt', []])]);

    expect(table.rows).toBe(0);
    expect(await column(table, 'id')).toEqual([]);
  });
});

describe('a run that is not whole', () => {
  const ranks = [rankOf(['1.pt', [galaxy(1)]]), { partitions: [{ key: '2.pt', samples: 1 }], predictions: undefined }];

  it('is refused by the names of its ranks', async () => {
    await expect(tableOf(ranks)).rejects.toThrow(
      /^Run 2026\S+ is not whole: 1 rank has no predictions\. .*--partial.*\n {2}rank 1: it left no result/,
    );
  });

  it('is taken without them, and that is said', async () => {
    const table = await tableOf(ranks, { partial: true });

    expect(await column(table, 'z_pred')).toEqual([1]);
    expect(fact(table, 'partial')).toBe('1 of 2 ranks have no predictions and are left out: 1');
  });

  it('is refused where predictions, a result or the plan have changed', async () => {
    const whole = [rankOf(['1.pt', [galaxy(1)]])];
    const layout = `results/runs/${RUN_ID}`;
    const changed = async (key: string, change: (text: string) => string | Uint8Array) => {
      await makeRun(store, whole);
      await store.put(`${layout}/${key}`, change((await store.get(`${layout}/${key}`)).toString()));
      return readWholeRun(place());
    };
    const other = encoded(rankOf(['1.pt', [galaxy(5)]]));

    await expect(changed('predictions/0.parquet', () => other)).rejects.toThrow(/rank 0: .*has changed since/);
    await expect(changed('0.json', (text) => text.replace('"num_batches":1', '"num_batches":2'))).rejects.toThrow(
      /rank 0: .*0\.json is not what was written/,
    );
    await expect(changed('manifest.json', (text) => text.replace('"1.pt"', '"9.pt"'))).rejects.toThrow(
      /manifest\.json is not what was written.*cosmicai verify/,
    );
    await expect(changed('proof.json', (text) => text.replace('galaxies', 'galaxieS'))).rejects.toThrow(
      /seal is broken/,
    );
  });

  it('is refused where two ranks have one partition, even if it is to be taken as it is', async () => {
    const twice = [rankOf(['1.pt', [galaxy(1)]]), rankOf(['1.pt', [galaxy(1)]])];

    await expect(tableOf(twice, { partial: true })).rejects.toThrow(/1\.pt is planned twice, for rank 0 and rank 1/);
  });

  it('is refused while it is under way', async () => {
    await makeRun(store, [rankOf(['1.pt', [galaxy(1)]])]);
    await store.delete(`results/runs/${RUN_ID}/proof.json`);
    await store.delete(`results/runs/${RUN_ID}/summary.json`);

    await expect(readWholeRun(place())).rejects.toThrow(/came to no summary.*--partial/);
    await expect(readWholeRun(place(), { partial: true })).resolves.toMatchObject({ status: null });
  });

  it('is told where it is none', async () => {
    await expect(readWholeRun(place())).rejects.toThrow(`There is no run ${RUN_ID} in `);
  });
});
