import { FORMAT, PARQUET_FORMAT_KEY } from '@cosmicai/payload';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { decodePredictions, encodePredictions, placeName, type PredictedSamples } from '../src/index.ts';

type Batch = Partial<PredictedSamples>;

function batch(
  count: number,
  { from = 0, zSpec = new Float64Array(count).fill(0.25), ...more }: Batch = {},
): PredictedSamples {
  return {
    from,
    count,
    zSpec,
    zPred: Float32Array.from({ length: count }, (_, at) => 0.5 + (from + at) / 8),
    magnitudes: new Float64Array(count * 5).fill(18),
    flags: new Uint16Array(count),
    ...more,
  };
}

async function columnsOf(
  file: Uint8Array,
): Promise<{ names: string[]; types: (string | undefined)[]; rows: Record<string, unknown>[] }> {
  const buffer = new Uint8Array(file).buffer;
  const [, ...schema] = parquetMetadata(buffer).schema;
  return {
    names: schema.map(({ name }) => name),
    types: schema.map(({ type }) => type),
    rows: await parquetReadObjects({ file: buffer }),
  };
}

describe('a file of predictions', () => {
  it('tells its format, and is refused in one that only later versions know', async () => {
    const file = Buffer.from(encodePredictions(0, []));
    expect(await decodePredictions(file)).toEqual([]);
    const key = file.indexOf(PARQUET_FORMAT_KEY);
    expect(key).toBeGreaterThan(0);
    file.write('9', file.indexOf(String(FORMAT), key + PARQUET_FORMAT_KEY.length));
    await expect(decodePredictions(file)).rejects.toThrow(/was written by a newer CosmicAI: format 9/);
  });

  const COLUMNS = [
    'rank',
    'partition',
    'index',
    'z_spec',
    'z_pred',
    'mag_u',
    'mag_g',
    'mag_r',
    'mag_i',
    'mag_z',
    'flags',
  ];

  it('has no redshift for galaxies whose truth nobody knows, and keeps one that is not a number', async () => {
    const partitions = [
      { partition: '1.pt', batches: [batch(1, { zSpec: null }), batch(1, { from: 1, zSpec: null })] },
      { partition: '2.pt', batches: [batch(2, { zSpec: Float64Array.of(0.1, NaN) })] },
    ];
    const file = encodePredictions(3, partitions);
    const { names, types, rows } = await columnsOf(file);
    expect(names).toEqual(COLUMNS);
    expect(types[names.indexOf('z_spec')]).toBe('DOUBLE');
    expect(rows.map(({ z_spec }) => z_spec ?? null)).toEqual([null, null, 0.1, NaN]);
    expect(
      (await decodePredictions(file)).map((row) => [
        row.rank,
        row.partition,
        row.index,
        row.z_spec ?? null,
        row.z_pred,
      ]),
    ).toEqual([
      [3, '1.pt', 0, null, 0.5],
      [3, '1.pt', 1, null, 0.625],
      [3, '2.pt', 0, 0.1, 0.5],
      [3, '2.pt', 1, NaN, 0.625],
    ]);
    const unknown = encodePredictions(3, partitions.slice(0, 1));
    expect((await decodePredictions(unknown)).map((row) => row.z_spec ?? null)).toEqual([null, null]);
  });

  const LARGE = 2n ** 62n + 1n;

  it.each<[string, readonly PredictedSamples[], readonly PredictedSamples[], string, unknown[]]>([
    [
      'whole numbers',
      [batch(1, { id: BigInt64Array.of(LARGE) })],
      [batch(2, { id: BigInt64Array.of(-1n, 3n) })],
      'INT64',
      [LARGE, -1n, 3n],
    ],
    [
      'text',
      [batch(1, { id: ['SDSS J0001, "a"'] })],
      [batch(1, { id: BigInt64Array.of(7n) })],
      'BYTE_ARRAY',
      ['SDSS J0001, "a"', '7'],
    ],
    ['places where a file has none', [batch(1, { from: 4 })], [batch(1, { id: ['b'] })], 'BYTE_ARRAY', ['1.pt#4', 'b']],
  ])('keeps names of objects last: %s', async (_, first, second, type, ids) => {
    const file = encodePredictions(0, [
      { partition: '1.pt', batches: first },
      { partition: '2.pt', batches: second },
    ]);
    const { names, types, rows } = await columnsOf(file);
    expect(names).toEqual([...COLUMNS, 'id']);
    expect(types.at(-1)).toBe(type);
    expect(rows.map(({ id }) => id)).toEqual(ids);
    expect((await decodePredictions(file)).map(({ id }) => id)).toEqual(ids);
  });

  it('has no names where no file has any', async () => {
    const file = encodePredictions(0, [{ partition: '1.pt', batches: [batch(2)] }]);
    expect((await columnsOf(file)).names).toEqual(COLUMNS);
    expect((await decodePredictions(file)).map((row) => 'id' in row)).toEqual([false, false]);
    expect(placeName('1.pt', 1)).toBe('1.pt#1');
  });
});
