import { createHash } from 'node:crypto';
import { compileAstroMae, compileCheckpoint, inspectModel, ModelFileError, randomWeights } from '../src/index.ts';
import { decodeOnnx } from '../src/onnx/decode.ts';
import { encodeOnnx } from '../src/onnx/encode.ts';
import { literalGraph } from '../src/model/astromae.ts';
import { weightSpecs } from '../src/weights.ts';
import { fileSource, GOLDEN_FOLDER } from './support/golden-files.ts';
import { narrowConfig } from './support/narrow-config.ts';

const config = narrowConfig();
const weights = randomWeights(config, 1);

describe('inspectModel', () => {
  it('tells everything from the file alone', () => {
    const bytes = compileAstroMae(config, weights, { metadata: { checkpoint: 'm.pt', 'checkpoint.sha256': 'ab12' } });
    const report = inspectModel(bytes);
    expect(report).toMatchObject({
      architecture: 'AstroMAE',
      config,
      folded: true,
      weightsType: 'fp32',
      provenance: { checkpoint: 'm.pt', 'checkpoint.sha256': 'ab12' },
      fileBytes: bytes.byteLength,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      inputs: [
        { name: 'image', type: 'float32', shape: ['batch', 5, 32, 32] },
        { name: 'magnitudes', type: 'float32', shape: ['batch', 5] },
      ],
      outputs: [{ name: 'redshift', type: 'float32', shape: ['batch', 1] }],
    });
    const { total, byBranch } = report.parameters;
    expect(byBranch.encoder + byBranch.inception + byBranch.magnitudes + byBranch.fusion).toBe(total);
    const learned = weightSpecs(config).filter(({ role }) => role === 'parameter');
    expect(total).toBe(learned.reduce((sum, { name }) => sum + weights.get(name)!.data.length, 0));
  });

  it('counts operations of one sample, 2 for each multiply-add', () => {
    const { flops } = inspectModel(compileAstroMae(config, weights, { fold: false }));
    expect(flops.total).toBe(flops.linear + flops.convolution + flops.attention);
    // 17 tokens of 48 channels, 2 blocks: query times key, and weights times value.
    expect(flops.attention).toBe(2 * 2 * 2 * 17 * 17 * 48);
  });

  it.each([
    ['bytes that are no protobuf', Buffer.from('not a model')],
    ['nothing', new Uint8Array(0)],
    ['a model of another maker', encodeOnnx(literalGraph(config, weights), {})],
  ])('refuses %s', (_, bytes) => {
    expect(() => inspectModel(bytes)).toThrow(ModelFileError);
  });

  it('refuses a file whose graph was changed afterwards', () => {
    const { graph, metadata } = decodeOnnx(compileAstroMae(config, weights));
    const [first, ...others] = graph.nodes;
    const changed = encodeOnnx({ ...graph, nodes: [{ ...first!, op: 'Loop' }, ...others] }, metadata);
    expect(() => inspectModel(changed)).toThrow(/graph is not as it was compiled.*Loop/);
  });
});

describe('the ONNX file', () => {
  it('is the same for the same input, and reads back as the graph it was made from', () => {
    const graph = literalGraph(config, weights);
    const bytes = encodeOnnx(graph, { key: 'value' });
    expect(Buffer.from(bytes).equals(encodeOnnx(graph, { key: 'value' }))).toBe(true);
    expect(decodeOnnx(bytes)).toEqual({
      graph: withFloat32Attributes(graph),
      metadata: { key: 'value' },
      producer: 'cosmicai',
    });
  });
});

/** ONNX keeps attributes in single precision. */
function withFloat32Attributes(graph: ReturnType<typeof literalGraph>): ReturnType<typeof literalGraph> {
  const nodes = graph.nodes.map((node) => ({
    ...node,
    attributes: Object.fromEntries(
      Object.entries(node.attributes).map(([name, value]) => [
        name,
        'float' in value ? { float: Math.fround(value.float) } : value,
      ]),
    ),
  }));
  return { ...graph, nodes };
}

describe('compileCheckpoint', () => {
  it('leaves in the file where its weights came from', async () => {
    const source = fileSource(GOLDEN_FOLDER, 'cells-deep.pt');
    const checksum = createHash('sha256')
      .update(await source.read(0, source.size))
      .digest('hex');
    const { model, assumptions } = await compileCheckpoint(source, { heads: 12, metadata: { by: 'me' }, fold: false });
    const { provenance, folded } = inspectModel(model);
    expect(assumptions).not.toHaveLength(0);
    expect(folded).toBe(false);
    expect(provenance).toEqual({
      checkpoint: 'cells-deep.pt',
      checkpoint_sha256: checksum,
      checkpoint_form: 'state-dict',
      checkpoint_prefix: 'module.',
      assumptions: assumptions.join('; '),
      by: 'me',
    });
  });
});
