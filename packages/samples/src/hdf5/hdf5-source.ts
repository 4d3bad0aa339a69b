import { UnusableFileError } from '@cosmicai/payload';
import type { ByteSource } from '@cosmicai/store';
import { someOf } from '../folder/sample-folder.ts';
import { rangedSource } from '../ranged-source.ts';
import type { SampleColumn, SampleSource } from '../source.ts';
import { openHdf5 } from './hdf5-thread.ts';
import type { Hdf5Dataset } from './messages.ts';

type ReadableDataset = Hdf5Dataset & Pick<SampleColumn, 'type'>;

/**
 * The datasets of an HDF5 file that have a row for each galaxy, by their paths: as many as the largest array of images has, or,
 * without one, as most datasets have.
 *
 * @throws UnusableFileError when it is truncated or damaged, or has no datasets
 */
export async function openHdf5Source(file: ByteSource): Promise<SampleSource> {
  const opened = await openHdf5(file);
  const { datasets } = opened;
  const readable = datasets.filter(
    (dataset): dataset is ReadableDataset => dataset.type !== undefined && dataset.shape.length > 0,
  );
  const count = countOf(readable);
  if (count === undefined)
    throw new UnusableFileError(
      file.name,
      undefined,
      `there is nothing in this HDF5 file that is read. ${described(datasets)}`,
    );
  const fitting = readable.filter(({ shape }) => shape[0] === count && shape.slice(1).every((size) => size > 0));
  const unfit = new Map(
    datasets.flatMap((dataset): [string, string][] => {
      const { path, shape, problem } = dataset;
      if (problem !== undefined) return [[path, problem]];
      if (shape.length === 0 || fitting.some((column) => column === dataset)) return [];
      return [[path, `is of shape [${shape.join(', ')}], and there are ${count} galaxies`]];
    }),
  );
  const unsummed = fitting.filter(({ summed }) => !summed).map(({ path }) => path);
  return rangedSource({
    name: file.name,
    count,
    columns: fitting.map(({ path, type, shape }) => ({ name: path, type, shape: shape.slice(1) })),
    ...(unfit.size > 0 && { unfit }),
    unchecked: () => (unsummed.length === 0 ? undefined : `no sums (fletcher32) of ${someOf(unsummed)} are there`),
    values: (from, to, wanted, options) =>
      opened.rows(
        wanted.map(({ name }) => name),
        from,
        to,
        options,
      ),
  });
}

/** Rows of what is most likely to be the galaxies. */
function countOf(datasets: readonly ReadableDataset[]): number | undefined {
  const pixels = ({ shape }: ReadableDataset) => shape.reduce((product, size) => product * size, 1);
  const images = datasets
    .filter(({ shape, type }) => shape.length > 2 && type !== 'text')
    .sort((a, b) => pixels(b) - pixels(a));
  if (images[0] !== undefined) return images[0].shape[0];
  const counts = new Map<number, number>();
  for (const { shape } of datasets) counts.set(shape[0] ?? 0, (counts.get(shape[0] ?? 0) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

function described(datasets: readonly Hdf5Dataset[]): string {
  const found = datasets.map(
    ({ path, shape, problem }) => `${path} [${shape.join(', ')}]${problem === undefined ? '' : `, which ${problem}`}`,
  );
  return found.length === 0 ? 'It has no datasets' : `It has: ${found.slice(0, 8).join('; ')}`;
}
