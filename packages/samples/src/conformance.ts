import { NUMBER_ARRAYS, UnusableFileError } from '@cosmicai/payload';
import { bufferSource } from '@cosmicai/store';
import { FORMATS } from './formats.ts';
import { openSamples } from './open-samples.ts';
import {
  type BatchesOptions,
  type ColumnValues,
  type SampleBatch,
  type SampleColumn,
  type SampleSource,
} from './source.ts';

/** A source for the suite: of seven samples or more, so that batches of three end in a short one. */
export interface SourceFixture {
  /** Opens it anew. */
  readonly open: () => Promise<SampleSource>;
  /** All values of every column, as something else than the source tells them. */
  readonly content: ReadonlyMap<string, ColumnValues>;
  /** Of sources that are read from one file: its bytes, and the name of the format that they must be recognised as. */
  readonly file?: { readonly bytes: () => Promise<Uint8Array>; readonly format: string };
  /** Of formats that have sums to check samples by: the same source with a bit of a sample flipped. */
  readonly openDamaged?: () => Promise<SampleSource>;
}

/**
 * Registers the tests that every SampleSource passes with Jest, or a runner with the same `describe`, `it`, `expect` and
 * `beforeEach`.
 */
export function describeSampleSource(name: string, fixture: SourceFixture): void {
  const { file, openDamaged } = fixture;
  describe(`${name} as a source of samples`, () => {
    let source: SampleSource;
    beforeEach(async () => {
      source = await fixture.open();
    });

    describe('says what it has', () => {
      it('of every sample, before anything is read', () => {
        expect(source.name).not.toBe('');
        expect(source.count).toBeGreaterThanOrEqual(7);
        expect(source.columns.map((column) => column.name).sort()).toEqual([...fixture.content.keys()].sort());
        for (const column of source.columns) {
          expect(column.shape.every((size) => Number.isInteger(size) && size > 0)).toBe(true);
          if (column.parts === undefined) continue;
          expect(new Set(column.parts).size).toBe(column.shape.at(column.layout === 'NHWC' ? -1 : 0));
        }
      });

      it('in arrays of the types that it says', async () => {
        expectTypes(source, await source.read(0, source.count));
      });
    });

    describe('reads', () => {
      it('all samples, value for value', async () => {
        const batch = await source.read(0, source.count);
        expect([batch.from, batch.count]).toEqual([0, source.count]);
        expectContent(source, batch, fixture);
      });

      it('any range as a slice of the whole', async () => {
        const { count } = source;
        for (const [from, to] of [
          [0, 1],
          [1, 4],
          [count - 1, count],
          [count, count],
          [2, 2],
        ] as const) {
          const batch = await source.read(from, to);
          expect([batch.from, batch.count]).toEqual([from, to - from]);
          expectContent(source, batch, fixture);
        }
      });

      it('the columns that are asked for, and no others', async () => {
        for (const { name } of source.columns) {
          const batch = await source.read(1, 4, { columns: [name] });
          expectContent(source, batch, fixture, [name]);
          for await (const read of source.batches({ size: 2, from: 3, to: 7, columns: [name] })) {
            expectContent(source, read, fixture, [name]);
          }
        }
        expect((await source.read(0, 2, { columns: [] })).values.size).toBe(0);
      });

      it('ranges at once that overlap', async () => {
        const ranges = [0, 2, 1, 3].map((from) => source.read(from, from + 4));
        for (const batch of await Promise.all(ranges)) expectContent(source, batch, fixture);
      });

      it('nothing that leaves it', async () => {
        for (const [from, to] of [
          [-1, 2],
          [0, source.count + 1],
          [3, 2],
          [0.5, 2],
          [0, NaN],
        ] as const) {
          await expect(source.read(from, to)).rejects.toThrow(RangeError);
          expect(() => source.batches({ size: 2, from, to })).toThrow(RangeError);
        }
      });

      it('nothing more when the signal says so', async () => {
        const signal = AbortSignal.abort(new Error('enough'));
        await expect(source.read(0, source.count, { signal })).rejects.toThrow('enough');
      });
    });

    describe('hands out batches', () => {
      it.each([1, 3, 1000])('of %d samples that join to the whole', async (size) => {
        let next = 0;
        for await (const batch of source.batches({ size })) {
          expect(batch.from).toBe(next);
          expect(batch.count).toBe(Math.min(size, source.count - next));
          expectTypes(source, batch);
          expectContent(source, batch, fixture);
          next += batch.count;
        }
        expect(next).toBe(source.count);
      });

      it.each([0, 1, 5])('the same with %d read ahead', async (readAhead) => {
        const batches = await all(source, { size: 2, readAhead });
        expect(batches.map(({ from }) => from)).toEqual(batches.map((_, place) => 2 * place));
        for (const batch of batches) expectContent(source, batch, fixture);
      });

      it('that begin and end where told', async () => {
        const batches = await all(source, { size: 2, from: 1, to: 6 });
        expect(batches.map(({ from, count }) => [from, count])).toEqual([
          [1, 2],
          [3, 2],
          [5, 1],
        ]);
        for (const batch of batches) expectContent(source, batch, fixture);
        expect(await all(source, { size: 2, from: 4, to: 4 })).toEqual([]);
      });

      it('to two loops at once', async () => {
        const [first, second] = [source.batches({ size: 2 }), source.batches({ size: 3 })];
        for (let turn = 0; turn < 2; turn++) {
          for (const loop of [first, second]) {
            const { value } = await loop.next();
            if (value === undefined) throw new Error('a loop of batches ended early');
            expectContent(source, value, fixture);
          }
        }
        await Promise.all([first.return(), second.return()]);
      });

      it('again after a loop was left', async () => {
        for await (const batch of source.batches({ size: 2 })) {
          expect(batch.from).toBe(0);
          break;
        }
        const batches = await all(source, { size: 4 });
        expect(batches.reduce((sum, { count }) => sum + count, 0)).toBe(source.count);
      });

      it('until the signal ends it, with its reason', async () => {
        const stop = new AbortController();
        const batches = source.batches({ size: 1, signal: stop.signal });
        await batches.next();
        stop.abort(new Error('enough'));
        await expect(batches.next()).rejects.toThrow('enough');
      });

      it('of at least one sample', () => {
        for (const size of [0, -1, 1.5, NaN]) expect(() => source.batches({ size })).toThrow(RangeError);
      });
    });

    describe('tells damage', () => {
      it('or why it could not', async () => {
        await all(source, { size: 3 });
        expect([undefined, expect.any(String)]).toContainEqual(source.unchecked());
      });

      if (openDamaged === undefined) return;
      it('before the last batch', async () => {
        const damaged = await openDamaged();
        let samples = 0;
        const reading = (async () => {
          for await (const { count } of damaged.batches({ size: 3 })) samples += count;
        })();
        await expect(reading).rejects.toThrow(UnusableFileError);
        expect(samples).toBeLessThan(damaged.count);
      });
    });

    if (file === undefined) return;
    describe('as a file', () => {
      it('is recognised by one format alone', async () => {
        const bytes = await file.bytes();
        expect(FORMATS.filter((known) => known.begins(bytes)).map((known) => known.name)).toEqual([file.format]);
        const opened = await openSamples(bufferSource('whatever its name', bytes));
        expect([opened.name, opened.count]).toEqual(['whatever its name', source.count]);
        expectContent(opened, await opened.read(0, opened.count), fixture);
      });

      it('that ends early is refused, wherever it ends', async () => {
        const bytes = await file.bytes();
        for (let part = 0; part < 16; part++) {
          const torn = bytes.subarray(0, Math.floor((bytes.length * part) / 16));
          const reading = openSamples(bufferSource('torn', torn)).then((opened) => all(opened, { size: 2 }));
          await expect(reading).rejects.toThrow(UnusableFileError);
        }
      });
    });
  });
}

async function all(source: SampleSource, options: BatchesOptions): Promise<SampleBatch[]> {
  const batches: SampleBatch[] = [];
  for await (const batch of source.batches(options)) batches.push(batch);
  return batches;
}

/** Whether a batch holds for each column what the whole has there. */
function expectContent(
  source: SampleSource,
  { from, count, values }: SampleBatch,
  { content }: SourceFixture,
  names: readonly string[] = [...content.keys()],
): void {
  expect([...values.keys()].sort()).toEqual([...names].sort());
  for (const column of source.columns.filter(({ name }) => names.includes(name))) {
    const size = sizeOf(column);
    const expected = content.get(column.name)?.slice(from * size, (from + count) * size);
    // Of numbers by their bytes: NaN and -0 count, and large images compare at once.
    expect([column.name, comparable(values.get(column.name))]).toEqual([column.name, comparable(expected)]);
  }
}

function expectTypes(source: SampleSource, { count, values }: SampleBatch): void {
  expect([...values.keys()].sort()).toEqual(source.columns.map((column) => column.name).sort());
  for (const column of source.columns) {
    const found = values.get(column.name);
    expect(found).toHaveLength(count * sizeOf(column));
    if (column.type === 'text') expect(found).toEqual(expect.any(Array));
    else expect(found).toBeInstanceOf(NUMBER_ARRAYS[column.type]);
  }
}

function sizeOf({ shape }: SampleColumn): number {
  return shape.reduce((product, size) => product * size, 1);
}

function comparable(values: ColumnValues | undefined): unknown {
  if (!ArrayBuffer.isView(values)) return values;
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}
