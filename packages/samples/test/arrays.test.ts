import { bufferSource } from '@cosmicai/store';
import { describeSampleSource } from '../src/conformance.ts';
import { openSamples } from '../src/index.ts';
import { goldenBytes, goldenColumns, goldenContent, goldenNames } from './golden-files.ts';

const FORMATS: readonly string[] = ['npy', 'npz', 'safetensors'];

describe.each(FORMATS.flatMap((format) => goldenNames(`.${format}`).map((name) => [name, format] as const)))(
  '%s',
  (name, format) => {
    describeSampleSource('read as NumPy does', {
      open: () => openSamples(bufferSource(name, goldenBytes(name))),
      content: goldenContent(name),
      file: { bytes: () => Promise.resolve(goldenBytes(name)), format },
    });

    it('declares its columns', async () => {
      const source = await openSamples(bufferSource(name, goldenBytes(name)));
      const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
      expect(source.columns.toSorted(byName)).toEqual(goldenColumns(name).toSorted(byName));
      expect(source.unnamed ?? false).toBe(['cube.npy', 'fortran.npy', 'unnamed.npz'].includes(name));
    });
  },
);

it('arrays that can’t be columns are named with the reason', async () => {
  const { unfit } = await openSamples(bufferSource('stored.npz', goldenBytes('stored.npz')));
  expect(Object.fromEntries(unfit ?? [])).toEqual({
    epoch: 'is of shape [], and there are 8 galaxies',
    bands: 'is of shape [2], and there are 8 galaxies',
    objects: expect.stringContaining('holds Python objects (a pickle, which would be executed to read it)') as string,
    record: expect.stringContaining('has fields (a structured array); save each field as an array') as string,
  });
});
