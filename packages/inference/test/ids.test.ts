import { buffer } from 'node:stream/consumers';
import { ASTROMAE } from '@cosmicai/payload';
import { openGalaxies } from '@cosmicai/samples';
import { bufferSource } from '@cosmicai/store';
import { splitPartition } from '@cosmicai/torchfile';
import { torchFile } from '../../../test/torch-files.ts';
import { decodePredictions, encodePredictions, predictPartition, type Predictor } from '../src/index.ts';
import { CONTRACT } from './support/scripted-thread.ts';

const COUNT = 100_000;
/** Of a single pixel, so that as many galaxies as a survey's catalogue has take little memory. */
const spec = { ...ASTROMAE, image: { ...ASTROMAE.image, side: 1 } };
const columns = ['id', 'magnitudes', 'redshift', 'images'] as const;
const PARTITION_BYTES = 500_000;

/** Any order but that of the file: multiplying by a number without a common factor visits each once. */
const nameOf = (place: number) => 1_237_648_720_693_000_000n + BigInt((place * 7_919) % COUNT);

/** Answers what is in the galaxy's first magnitude: nothing but its own row can give it. */
const predictor: Predictor = {
  workers: 1,
  contract: CONTRACT,
  closed: false,
  close: () => Promise.resolve(),
  predict: ({ count, magnitudes }) =>
    Promise.resolve(Float32Array.from({ length: count }, (_, at) => magnitudes[5 * at] ?? NaN)),
};

describe('names of objects', () => {
  it('join 100,000 predictions of split partitions with the catalogue they are of, none mismatched', async () => {
    const truth = Float64Array.from({ length: COUNT }, (_, at) => at / COUNT);
    const file = await torchFile(
      [
        { dtype: 'int64', shape: [COUNT] },
        { dtype: 'float64', shape: [COUNT, 5] },
        { dtype: 'float64', shape: [COUNT] },
        { dtype: 'float32', shape: [COUNT, 5, 1, 1] },
      ],
      {
        0: BigInt64Array.from({ length: COUNT }, (_, at) => nameOf(at)),
        1: Float64Array.from({ length: 5 * COUNT }, (_, at) => Math.floor(at / 5)),
        2: truth,
        3: new Float32Array(5 * COUNT).fill(1),
      },
    );
    const parts: [name: string, bytes: Buffer][] = [];
    await splitPartition(
      bufferSource('all.pt', file),
      PARTITION_BYTES,
      async ({ name, content }) => void parts.push([name, await buffer(content)]),
    );
    expect(parts.length).toBeGreaterThan(5);

    const predictions = [];
    for (const [partition, bytes] of parts) {
      const source = await openGalaxies(bufferSource(partition, bytes), { spec, columns });
      const batches = [];
      for await (const batch of predictPartition(source, predictor, { batchSize: 512 })) batches.push(batch);
      predictions.push({ partition, batches });
    }
    const rows = await decodePredictions(encodePredictions(0, predictions));

    const catalogue = new Map(Array.from({ length: COUNT }, (_, at) => [nameOf(at), at]));
    expect([rows.length, new Set(rows.map(({ id }) => id)).size]).toEqual([COUNT, COUNT]);
    const mismatched = rows.filter(({ id, z_pred, z_spec }) => {
      const at = catalogue.get(id as bigint) ?? NaN;
      return z_pred !== at || z_spec !== truth[at];
    });
    expect(mismatched).toEqual([]);
  });
});
