import { parse } from 'yaml';
import { z } from 'zod';
import { EMPTY, ODD, tableOf } from './support/tables.ts';
import { written } from './support/written.ts';
import type { Table } from '../src/index.ts';

const headerSchema = z.object({
  delimiter: z.literal(','),
  datatype: z.array(z.looseObject({ name: z.string(), datatype: z.string() })),
  meta: z.map(z.string(), z.unknown()),
  schema: z.literal('astropy-2.0'),
});

/** The header as YAML has it, and the lines below it. */
async function read(table: Table) {
  const lines = (await written(table, 'ecsv')).toString().split('\n');
  const header = lines.filter((line) => line.startsWith('# ')).map((line) => line.slice(2));
  expect(header.slice(0, 2)).toEqual(['%ECSV 1.0', '---']);
  return {
    ...headerSchema.parse(parse(header.slice(2).join('\n'))),
    body: lines.filter((line) => !line.startsWith('# ')),
  };
}

describe('a catalogue as ECSV', () => {
  it('says where it is from and what the columns are', async () => {
    const { datatype, meta } = await read(ODD);

    expect(Object.fromEntries(meta)).toEqual({ title: 'Odd things', run_id: 'run-1', note: ODD.facts[1]?.value });
    expect(datatype[2]).toEqual({
      ...{ name: 'ra', unit: 'deg', datatype: 'float64', description: 'The ra' },
      meta: new Map([['ucd', 'pos.eq.ra;meta.main']]),
    });
    expect(datatype.map((column) => column.datatype)).toEqual([
      ...['int64', 'string', 'float64', 'float32', 'float64', 'int32', 'bool', 'string'],
    ]);
    expect(datatype[7]).toMatchObject({ subtype: 'float32[null]' });
  });

  it('has the same values, and nothing where there is none', async () => {
    expect((await read(ODD)).body).toEqual([
      'id,name,ra,z_pred,z_spec,n,ok,pdf',
      '9007199254740993,"a ""b"", c",0.1,0.10000000149011612,,-7,True,"[0.5,0.25]"',
      '-1,,359.99999999999994,nan,nan,,False,',
      '9223372036854775807,größe 😀,180,inf,0.25,2147483647,,"[]"',
      '',
    ]);
  });

  it('keeps texts that readers would change, by escaping their column and saying so', async () => {
    const name = { ...ODD.columns[1]!, nullable: false };
    const plain = await read(tableOf([[name, ['#a', 'é', '1 %']]], 1));
    const odd = await read(tableOf([[name, ['#a', ' b', '1 %', 'c\nd', 'e\u0085']]], 2));

    expect(plain.body.slice(1)).toEqual(['"#a"', 'é', '1 %', '']);
    expect(plain.datatype[0]).not.toHaveProperty('meta');
    expect(odd.body.slice(1)).toEqual(['"#a"', '%20b', '1%20%25', 'c%0Ad', 'e%C2%85', '']);
    expect(odd.datatype[0]).toMatchObject({
      meta: new Map([['encoding', 'UTF-8 with percent-encoding (RFC 3986)']]),
    });
  });

  it('is a header and a line of names without a row', async () => {
    expect((await read(EMPTY)).body).toEqual(['id,name,ra,z_pred,z_spec,n,ok,pdf', '']);
  });
});
