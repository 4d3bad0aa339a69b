import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { node, numbers, port, redshift, testModel } from '../../../test/onnx-models.ts';
import { openModel, type OpenModelOptions } from '../src/index.ts';

let folder: string;
let cache: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cosmicai-verdicts-'));
  cache = join(folder, 'cache');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A verdict that no probe comes to: whoever warns of it has read it. */
const KEPT = { batchDependence: { difference: 0.125, between: 'as it was kept' } };
const kept = () => readdirSync(cache);
const keep = (verdict: unknown) => {
  for (const name of kept()) writeFileSync(join(cache, name), JSON.stringify(verdict));
};

/** Subtracts a share of the batch's mean: the given one, or that in w.bin beside it. A second output, "raw", doesn't. */
function mixing(share?: number): Uint8Array {
  const values = share === undefined ? { file: 'w.bin' } : [share];
  return testModel({
    answer: [
      node('ReduceMean', ['z'], 'mean', { axes: [0], keepdims: 1 }),
      node('Mul', ['mean', 'share'], 'part'),
      node('Sub', ['z', 'part'], 'redshift'),
      node('Identity', ['z'], 'raw'),
    ],
    outputs: [...redshift('n', 1), port('raw', 'float', 'n', 1)],
    constants: { share: { type: 'float', dims: [1], values } },
  });
}

async function warningsOf(model: Uint8Array, options: Partial<OpenModelOptions> = {}): Promise<readonly string[]> {
  const modelPath = join(folder, 'm.onnx');
  writeFileSync(modelPath, model);
  const cacheFolder = cache;
  const opened = await openModel({ modelPath, workers: 1, cacheFolder, allowBatchDependence: true, ...options });
  await opened.predictor.close();
  return opened.warnings;
}

const PROBED = [expect.stringMatching(/depends on the galaxies beside it in the batch: by .* the galaxy alone\.$/)];
const READ = [expect.stringContaining('by 0.13 between a batch of 8 and the galaxy as it was kept')];

describe('what was found of a model', () => {
  it('is kept, and taken for the same model under any name', async () => {
    expect(await warningsOf(mixing(1))).toEqual(PROBED);
    expect(kept()).toEqual([expect.stringMatching(/^[\da-f]{64}\.[\da-f]{8}\.probe\.json$/)]);
    keep(KEPT);
    expect(await warningsOf(mixing(1))).toEqual(READ);
    const elsewhere = join(folder, 'elsewhere.onnx');
    writeFileSync(elsewhere, mixing(1));
    expect(await warningsOf(mixing(1), { modelPath: elsewhere })).toEqual(READ);
    // Kept is what was found, not what somebody allowed.
    await expect(warningsOf(mixing(1), { allowBatchDependence: false })).rejects.toThrow('as it was kept');
    expect(kept()).toHaveLength(1);
  });

  it('is found anew where the model changed, or another output is asked for', async () => {
    await warningsOf(mixing(1));
    keep(KEPT);
    expect(await warningsOf(mixing(0.5))).toEqual(PROBED);
    expect(kept()).toHaveLength(2);
    expect(await warningsOf(mixing(1), { names: { redshift: 'raw' } })).toEqual([]);
    expect(kept()).toHaveLength(3);
  });

  it('is found anew where only the weights beside the graph changed', async () => {
    writeFileSync(join(folder, 'w.bin'), new Uint8Array(Float32Array.of(1).buffer));
    expect(await warningsOf(mixing())).toEqual(PROBED);
    keep(KEPT);
    expect(await warningsOf(mixing())).toEqual(READ);
    writeFileSync(join(folder, 'w.bin'), new Uint8Array(Float32Array.of(0).buffer));
    expect(await warningsOf(mixing())).toEqual([]);
  });

  it.each([['{'], ['{}'], ['{"batchDependence": "no"}'], ['']])('is found anew where %j was kept', async (text) => {
    await warningsOf(mixing(1));
    for (const name of kept()) writeFileSync(join(cache, name), text);
    expect(await warningsOf(mixing(1))).toEqual(PROBED);
  });

  it('is not kept of a model that is refused, nor where it can’t be, which is no error', async () => {
    const broken = testModel({ answer: [node('Mul', ['z', 'nan'], 'redshift')], constants: { nan: numbers(NaN) } });
    await expect(warningsOf(broken)).rejects.toThrow("can't be used");
    expect(readdirSync(folder)).toEqual(['m.onnx']);
    writeFileSync(cache, 'a file where the folder should be');
    expect(await warningsOf(mixing(1))).toEqual(PROBED);
  });
});
