import { demoModel } from '@cosmicai/demo-model';
import { modelOnDisk, openModel, readModel } from '@cosmicai/inference';
import { sha256Of } from '@cosmicai/store';
import { simulateSurvey } from '@cosmicai/survey';
import { blocksOf, integersOf, parseModel, productsOf, readLayers } from '../src/index.ts';

const PIXELS = 5 * 32 * 32;

describe('the demo model in integers', () => {
  const open = (precision: 'int8' | 'fp32') => readModel(modelOnDisk(demoModel(precision)));

  it('says that it is the other one, and what that changes', async () => {
    const [int8, fp32] = [await open('int8'), await open('fp32')];
    expect(int8.trained).toEqual(fp32.trained);
    expect(int8.arithmetic).toMatchObject({
      source_sha256: sha256Of(fp32.bytes.graph),
      weight_bits: 7,
      activation_bits: 8,
    });
    expect(int8.arithmetic!.max_dz).toBeLessThan(1e-3);
    expect(fp32.arithmetic).toBeUndefined();
  });

  it('has the weights of the other one, as integers', async () => {
    const [int8, fp32] = [await open('int8'), await open('fp32')];
    const stored = new Map(
      parseModel(int8.bytes.graph, 'int8').graph.initializer.map((tensor) => [tensor.name, tensor]),
    );
    const candidates = productsOf(parseModel(fp32.bytes.graph, 'fp32').graph);
    const layers = await readLayers(demoModel('int8'));
    const named = (those: typeof layers) => new Set(those.flatMap(({ products }) => products));
    const chosen = named(layers.filter(({ integers }) => integers));
    const inBlocks = named(layers.filter(({ integers, block }) => integers && block !== undefined));
    expect([candidates.length, chosen.size, inBlocks.size]).toEqual([79, 76, 4]);
    const products = candidates.filter(({ node }) => chosen.has(node.name));
    expect(products).toHaveLength(chosen.size);
    // Every tenth: rounding all 76 takes longer than it tells.
    for (const { node, weights } of products.filter((_, place) => place % 10 === 0 || place === products.length - 1)) {
      const found = stored.get(`${node.output[0]!}/cosmicai/weights`);
      const { data } = inBlocks.has(node.name) ? blocksOf(weights) : integersOf(weights);
      expect(Buffer.from(data.buffer).equals(found!.rawData)).toBe(true);
    }
  });
});

describe('redshifts of the demo model in integers', () => {
  const galaxies = [...simulateSurvey({ count: 48, seed: 12, batchSize: 48 })][0]!;
  const part = (from: number, to: number) => ({
    ...galaxies,
    count: to - from,
    images: galaxies.images.slice(from * PIXELS, to * PIXELS),
    magnitudes: galaxies.magnitudes.slice(from * 5, to * 5),
  });
  /** As ranks that have so many galaxies each predict them, each with its own session. */
  const predicted = async (galaxiesOfRank: number, forwardPass: number) => {
    const found: number[] = [];
    for (let from = 0; from < galaxies.count; from += galaxiesOfRank) {
      const { predictor } = await openModel({ modelPath: demoModel(), workers: 1 });
      found.push(...(await predictor.predict(part(from, from + galaxiesOfRank), forwardPass)));
      await predictor.close();
    }
    return found;
  };

  it('are the same to the bit in the same forward pass, whatever the ranks', async () => {
    const whole = await predicted(48, 16);
    expect(whole).toHaveLength(48);
    expect(await predicted(16, 16)).toEqual(whole);
  });

  it('change by less than 1e-4 with the size of a forward pass, and by 5e-6 on average', async () => {
    const [one, many] = [await predicted(48, 1), await predicted(48, 32)];
    const changes = one.map((z, at) => Math.abs(z - many[at]!));
    expect(Math.max(...changes)).toBeLessThan(1e-4);
    expect(changes.reduce((sum, change) => sum + change, 0) / changes.length).toBeLessThan(5e-6);
  });
});
