import { bufferSource, type ByteSource } from '@cosmicai/store';
import { describeSampleSource } from '../src/conformance.ts';
import { galaxiesOf, openSamples } from '../src/index.ts';
import { goldenBytes, goldenColumns, goldenContent, goldenNames } from './golden-files.ts';

describe.each(goldenNames('.pt'))('%s', (name) => {
  describeSampleSource('read as PyTorch does', {
    open: () => openSamples(bufferSource(name, goldenBytes(name))),
    content: goldenContent(name),
    file: { bytes: () => Promise.resolve(goldenBytes(name)), format: 'torch' },
  });

  it('declares its columns', async () => {
    const source = await openSamples(bufferSource(name, goldenBytes(name)));
    expect(source.columns).toEqual(goldenColumns(name));
    expect(source.unnamed ?? false).toBe(!name.includes('dict'));
  });
});

it('a Subset reads rows that are near together, and none that are far away', async () => {
  const bytes = goldenBytes('subset.pt');
  const reads: [number, number][] = [];
  const file: ByteSource = {
    ...bufferSource('subset.pt', bytes),
    read: async (from, to) => (reads.push([from, to]), bytes.subarray(from, to)),
  };
  const galaxies = galaxiesOf(
    await openSamples(file),
    { image: { bands: ['g', 'r'], side: 2 }, features: ['a', 'b'], truth: 'redshift' },
    ['images', 'magnitudes', 'redshift', 'id'],
  );
  reads.length = 0;
  const { id } = await galaxies.read(0, 2);
  expect(id).toEqual(BigInt64Array.of(2n ** 62n - 15n, 2n ** 62n - 3n));
  // Rows 5 and 1 of each of four tensors, with what is between them.
  expect(reads.map(([from, to]) => to - from).sort((a, b) => a - b)).toEqual([5 * 4, 5 * 8, 5 * 16, 5 * 72]);
});

it.each<[string, string, (bytes: Uint8Array) => Uint8Array, RegExp]>([
  ['a version unheard of', 'legacy.pt', changed('M\xe9\x03.', 1, 1), /version 1002 of the old format/],
  ['another number of elements', 'legacy.pt', changed('\x90\0\0\0\0\0\0\0', 0, 100), /says that it has \d+ elements/],
  ['an end too early', 'legacy.pt', (bytes) => bytes.subarray(0, -5), /truncated or damaged/],
  ['an index beyond the end', 'subset.pt', changed('K\x05K\x01K\x07', 1, 90), /CRC-32|the index 95 of 8/],
])('refuses %s', async (_, name, change, message) => {
  const bytes = change(goldenBytes(name));
  const reading = openSamples(bufferSource(name, bytes), { checkCrc: false }).then((source) =>
    source.read(0, source.count),
  );
  await expect(reading).rejects.toThrow(message);
});

function withByte(bytes: Uint8Array, at: number, add: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) + add;
  return copy;
}

/** Adds to a byte at a place behind the start of what is searched for. */
function changed(pattern: string, place: number, add: number): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    const at = Buffer.from(bytes).toString('latin1').indexOf(pattern);
    if (at < 0) throw new Error(`${JSON.stringify(pattern)} is not in the file`);
    return withByte(bytes, at + place, add);
  };
}

it('a file of torch before 1.6 says that it can’t be checked', async () => {
  const source = await openSamples(bufferSource('legacy.pt', goldenBytes('legacy.pt')));
  for await (const _ of source.batches({ size: 4 }));
  expect(source.unchecked()).toBe('files of torch before 1.6 have no sums to check them by');
});
