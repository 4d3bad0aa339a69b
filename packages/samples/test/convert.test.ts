import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { UnusableFileError, UserInputError } from '@cosmicai/payload';
import { bufferSource, type ByteSource } from '@cosmicai/store';
import { convertSamples, openGalaxies, openSamples, type ConvertedPart, type ConvertOptions } from '../src/index.ts';
import { emptyPrimary, float32Image, floats, int64, table, tan } from './fits-files.ts';
import { galaxies, partitionBytes } from './partitions.ts';

const golden = (name: string) =>
  bufferSource(name, new Uint8Array(readFileSync(new URL(`golden/${name}`, import.meta.url))));

async function convert(inputs: readonly ByteSource[], options: Partial<ConvertOptions> = {}) {
  const parts: (Omit<ConvertedPart, 'content'> & { readonly content: Uint8Array })[] = [];
  const conversion = await convertSamples(inputs, { targetBytes: 1e6, ...options }, async ({ content, ...part }) => {
    parts.push({ ...part, content: await buffer(content) });
  });
  const opened = await Promise.all(parts.map(({ name, content }) => openSamples(bufferSource(name, content))));
  const read = await Promise.all(opened.map((source) => source.read(0, source.count)));
  return { conversion, parts, opened, read };
}

/** Columns of all partitions, joined. */
function joined(read: Awaited<ReturnType<typeof convert>>['read'], name: string): unknown[] {
  return read.flatMap(({ values }) => [...(values.get(name) ?? [])]);
}

describe('convertSamples', () => {
  it('writes every column of an HDF5 file, in partitions of a size, under the names that are chosen', async () => {
    const columns = { redshift: 'specz_redshift', id: 'object_id', y_cmodel_mag: '-' };
    const { conversion, parts, opened, read } = await convert([golden('galaxiesml.h5')], {
      targetBytes: 2500,
      columns,
    });
    expect(parts.map(({ name, from, count }) => [name, from, count])).toEqual([
      ['1.pt', 0, 3],
      ['2.pt', 3, 3],
      ['3.pt', 6, 2],
    ]);
    expect(opened[0]?.columns.map(({ name }) => name).sort()).toEqual([
      'g_cmodel_mag',
      'i_cmodel_mag',
      'id',
      'image',
      'r_cmodel_mag',
      'redshift',
      'z_cmodel_mag',
    ]);
    const source = await openSamples(golden('galaxiesml.h5'));
    const { values } = await source.read(0, 8);
    for (const [name, from] of [
      ['image', 'image'],
      ['id', 'object_id'],
      ['redshift', 'specz_redshift'],
      ['g_cmodel_mag', 'g_cmodel_mag'],
    ] as const)
      expect(joined(read, name)).toEqual([...(values.get(from) ?? [])]);
    expect(conversion.samples).toBe(8);
    expect(conversion.columns.find(({ name }) => name === 'id')).toEqual({
      name: 'id',
      column: 'object_id',
      type: 'int64',
      shape: [],
    });
  });

  it('keeps integers, booleans and text, in types that torch has', async () => {
    const { opened, read } = await convert([golden('galaxy10.h5')]);
    const types = Object.fromEntries(
      opened[0]?.columns.map(({ name, type, shape }) => [name, `${type} ${shape.join()}`]) ?? [],
    );
    expect(types).toMatchObject({
      images: 'uint8 5,5,3',
      ans: 'uint8 ',
      'meta/big': 'int16 ',
      'meta/name': 'text ',
      'meta/large': 'text ',
    });
    expect(joined(read, 'meta/large')[1]).toBe('9223372036854775809');
    expect(joined(read, 'meta/name')[7]).toBe('gal é 7');
    expect(joined(read, 'meta/flag').map(Number)).toEqual([1, 0, 1, 0, 1, 0, 1, 0]);
  });

  it('joins inputs with the same columns, and refuses others', async () => {
    const files = [3, 4].map((count) => galaxies(count));
    const sources = await Promise.all(
      files.map(async (batch, at) => bufferSource(`${at}.pt`, await partitionBytes(batch))),
    );
    const { parts, read } = await convert(sources, { targetBytes: 5 * 20_600 });
    expect(parts.map(({ count }) => count)).toEqual([5, 2]);
    expect(joined(read, 'redshift')).toEqual(files.flatMap(({ redshift }) => [...redshift]));
    expect(joined(read, 'images')).toEqual(files.flatMap(({ images }) => [...images]));
    await expect(convert([...sources, golden('galaxiesml.h5')])).rejects.toThrow(
      /galaxiesml\.h5 has other columns than 0\.pt/,
    );
    const source = await openGalaxies(bufferSource('1.pt', parts[0]?.content ?? new Uint8Array(0)));
    expect((await source.read(0, 1)).redshift).toEqual(files[0]?.redshift.slice(0, 1));
  });

  it('passes large columns through beside each other, turned into types that torch has', async () => {
    const [count, side] = [7, 24];
    const wave = (places: number) => Array.from({ length: places }, (_, at) => (at * 2657) % 65_521);
    const image = wave(count * side * side);
    const rows = Array.from({ length: count }, (_, row) => {
      const pixels = image.slice(row * side * side, (row + 1) * side * side);
      // Of unsigned numbers FITS stores the distance from the middle.
      const unsigned = Buffer.alloc(2 * pixels.length);
      pixels.forEach((pixel, at) => unsigned.writeInt16BE(pixel - 32_768, 2 * at));
      return Buffer.concat([int64(BigInt(row)), floats(pixels), unsigned]);
    });
    const file = Buffer.concat([
      emptyPrimary(),
      table(
        [
          ['id', 'K'],
          ['image', '576E', '(24,24)'],
          ['counts', '576I', '(24,24)', 32_768],
        ],
        rows,
      ),
    ]);
    const { parts, read } = await convert([bufferSource('a.fits', file), bufferSource('b.fits', file)], {
      targetBytes: 5 * 4_700,
    });
    expect(parts.map((part) => part.count)).toEqual([5, 5, 4]);
    expect(joined(read, 'image')).toEqual([...image, ...image]);
    expect(joined(read, 'counts')).toEqual([...image, ...image]);
    expect(joined(read, 'id').map(Number)).toEqual([...Array(count).keys(), ...Array(count).keys()]);
  });

  it('passes over inputs without galaxies, and tells them', async () => {
    const { conversion, parts } = await convert([golden('empty.parquet'), golden('nested.parquet')]);
    expect([parts.length, conversion.samples]).toEqual([1, 8]);
    expect(conversion.notes).toContain('There are no galaxies in empty.parquet.');
    await expect(convert([golden('empty.parquet')])).rejects.toThrow('There are no galaxies in empty.parquet');
  });

  it('tells what it leaves out, and what partitions don’t say', async () => {
    const rows = [0, 1].map((at) => Buffer.concat([int64(BigInt(at)), floats([at])]));
    const bands = ['g', 'r'].map((EXTNAME) => float32Image([1, 2, 3, 4], [2, 2], { EXTNAME, ...tan(1, 2, 2) }));
    const file = Buffer.concat([
      emptyPrimary(),
      ...bands,
      table(
        [
          ['id', 'K'],
          ['z', 'E'],
        ],
        rows,
      ),
    ]);
    const { conversion } = await convert([bufferSource('a.fits', file)]);
    expect(conversion.notes).toEqual([
      'HDU 3 of a.fits is left out: it has 2 rows, and there are 1 galaxies.',
      'The bands of image of a.fits are g, r; partitions don’t say so: read them with --columns bands=g/r.',
    ]);
  });

  it.each<[string, Partial<ConvertOptions>, RegExp]>([
    ['a column that isn’t there', { columns: { id: 'objid' } }, /galaxiesml\.h5 has no column objid\. It has: /],
    [
      'two columns of one name',
      { columns: { image: 'specz_redshift' } },
      /has a column image besides the one that is to be called so/,
    ],
    ['partitions of more than they may have', { targetBytes: 2e9 }, /up to 1GB/],
  ])('refuses %s', async (_, options, message) => {
    const converting = convert([golden('galaxiesml.h5')], options);
    await expect(converting).rejects.toThrow(UserInputError);
    await expect(converting).rejects.toThrow(message);
  });

  it('finds damage before the last partition is written', async () => {
    const bytes = Uint8Array.from(await partitionBytes(galaxies(6)));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    const names: string[] = [];
    const sink = async ({ name, content }: ConvertedPart) => {
      await buffer(content);
      names.push(name);
    };
    const converting = convertSamples([bufferSource('1.pt', bytes)], { targetBytes: 2 * 20_600 }, sink);
    await expect(converting).rejects.toThrow(UnusableFileError);
    expect(names).not.toContain('3.pt');
  });

  it('stops when the signal says so', async () => {
    const stop = new AbortController();
    const sink = async ({ content }: ConvertedPart) => {
      stop.abort(new Error('enough'));
      await buffer(content);
    };
    const options = { targetBytes: 2500, signal: stop.signal };
    await expect(convertSamples([golden('galaxiesml.h5')], options, sink)).rejects.toThrow('enough');
  });
});
