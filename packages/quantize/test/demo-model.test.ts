import { demoModel } from '@cosmicai/demo-model';
import { modelOnDisk, readModel } from '@cosmicai/inference';
import { integersOf, parseModel, productsOf } from '../src/index.ts';

describe('the demo model in integers', () => {
  const open = (precision: 'int8' | 'fp32') => readModel(modelOnDisk(demoModel(precision)));

  it('says that it is the other one, and what that changes', async () => {
    const [int8, fp32] = [await open('int8'), await open('fp32')];
    expect(int8.trained).toEqual(fp32.trained);
    expect(int8.arithmetic).toMatchObject({ source_sha256: fp32.sha256, weight_bits: 7, activation_bits: 8 });
    expect(int8.arithmetic!.max_dz).toBeLessThan(1e-3);
    expect(fp32.arithmetic).toBeUndefined();
  });

  it('has the weights of the other one, as integers', async () => {
    const [int8, fp32] = [await open('int8'), await open('fp32')];
    const stored = new Map(
      parseModel(int8.bytes.graph, 'int8').graph.initializer.map((tensor) => [tensor.name, tensor]),
    );
    const products = productsOf(parseModel(fp32.bytes.graph, 'fp32').graph);
    expect(products).toHaveLength(71);
    for (const { node, weights } of products) {
      const found = stored.get(`${node.output[0]!}/cosmicai/weights`);
      expect(Buffer.from(integersOf(weights).data.buffer).equals(found!.rawData)).toBe(true);
    }
  });
});
