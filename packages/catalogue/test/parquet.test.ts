import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { EMPTY, ODD, tableOf } from './support/tables.ts';
import { written } from './support/written.ts';

const bufferOf = async (table = ODD) => new Uint8Array(await written(table, 'parquet')).buffer;

describe('a catalogue as Parquet', () => {
  it('has the same values of every kind, and nulls where there are none', async () => {
    const rows = await parquetReadObjects({ file: await bufferOf() });

    expect(rows).toEqual([
      {
        ...{ id: 9007199254740993n, name: 'a "b", c', ra: 0.1, z_pred: Math.fround(0.1), z_spec: null },
        ...{ n: -7, ok: true, pdf: [0.5, 0.25] },
      },
      { id: -1n, name: null, ra: 359.99999999999994, z_pred: NaN, z_spec: NaN, n: null, ok: false, pdf: undefined },
      {
        id: 2n ** 63n - 1n,
        name: 'größe 😀',
        ra: 180,
        z_pred: Infinity,
        z_spec: 0.25,
        n: 2147483647,
        ok: null,
        pdf: [],
      },
    ]);
  });

  it('says where it is from, and what the columns are', async () => {
    const { key_value_metadata: metadata, schema } = parquetMetadata(await bufferOf());
    const value = (key: string) => metadata?.find((each) => each.key === key)?.value ?? '';

    expect(value('cosmicai.run_id')).toBe('run-1');
    expect(value('cosmicai.note')).toBe(ODD.facts[1]?.value);
    expect(JSON.parse(value('cosmicai.columns'))).toMatchObject({
      ra: { unit: 'deg', ucd: 'pos.eq.ra;meta.main', description: 'The ra' },
      n: { unit: null, ucd: null },
    });
    expect(schema.find(({ name }) => name === 'id')).toMatchObject({ type: 'INT64', repetition_type: 'REQUIRED' });
    expect(schema.find(({ name }) => name === 'z_spec')).toMatchObject({ repetition_type: 'OPTIONAL' });
  });

  it('has row groups by the size of a row, whatever chunks come', async () => {
    const [ra] = ODD.columns.filter(({ name }) => name === 'ra');
    const pdf = { ...ra!, name: 'pdf', isList: true, kind: 'float64' as const };
    const table = tableOf(
      [
        [ra!, Float64Array.from({ length: 25_000 }, (_, row) => row)],
        [pdf, Array.from({ length: 25_000 }, (_, row) => [row])],
      ],
      777,
    );
    const buffer = await bufferOf(table);
    const rows = await parquetReadObjects({ file: buffer });

    expect(parquetMetadata(buffer).row_groups.map(({ num_rows: count }) => Number(count))).toEqual([
      ...[5216, 5216, 5216, 5216, 4136],
    ]);
    expect(rows.every(({ ra: value, pdf: list }, row) => value === row && list[0] === row)).toBe(true);
  });

  it('is whole without a row', async () => {
    const buffer = await bufferOf(EMPTY);

    expect(parquetMetadata(buffer)).toMatchObject({ num_rows: 0n });
    expect(await parquetReadObjects({ file: buffer })).toEqual([]);
  });
});

describe('a catalogue as CSV', () => {
  it('has all digits, quotes text where it must, and nothing where there is none', async () => {
    expect((await written(ODD, 'csv')).toString()).toBe(
      [
        'id,name,ra,z_pred,z_spec,n,ok,pdf',
        '9007199254740993,"a ""b"", c",0.1,0.10000000149011612,,-7,true,"[0.5,0.25]"',
        '-1,,359.99999999999994,nan,nan,,false,',
        '9223372036854775807,größe 😀,180,inf,0.25,2147483647,,"[]"',
        '',
      ].join('\n'),
    );
  });

  it('is a line of names without a row', async () => {
    expect((await written(EMPTY, 'csv')).toString()).toBe('id,name,ra,z_pred,z_spec,n,ok,pdf\n');
  });
});
