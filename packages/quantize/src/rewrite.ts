import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';
import type { OnnxModel } from './graph.ts';
import { BLOCK, blocksOf, byteScale, integersOf, type Range } from './integers.ts';
import type { WayOfProduct } from './products.ts';

const MICROSOFT = 'com.microsoft';

/** What a model is asked for besides its answer: the range of each value and how many numbers it has, in three outputs. */
export const rangeOutputs = (
  value: string,
): { readonly smallest: string; readonly largest: string; readonly size: string } => ({
  smallest: `${value}/cosmicai/smallest`,
  largest: `${value}/cosmicai/largest`,
  size: `${value}/cosmicai/size`,
});

/** The model with the smallest and the largest number of each of these values, [] float32, and their count, [] int64, as further outputs. */
export function withRanges(model: OnnxModel, values: readonly string[]): OnnxModel {
  const { graph } = model;
  const scalar = (elemType: TensorProto_DataType) =>
    create(TypeProtoSchema, {
      value: { case: 'tensorType', value: create(TypeProto_TensorSchema, { elemType, shape: {} }) },
    });
  const [float, count] = [scalar(TensorProto_DataType.FLOAT), scalar(TensorProto_DataType.INT64)];
  const flat = [{ name: 'keepdims', type: AttributeProto_AttributeType.INT, i: 0n }];
  const ends = values.flatMap((value) => {
    const { smallest, largest, size } = rangeOutputs(value);
    return [
      { value, op: 'ReduceMin', name: smallest, type: float, attribute: flat },
      { value, op: 'ReduceMax', name: largest, type: float, attribute: flat },
      { value, op: 'Size', name: size, type: count, attribute: [] },
    ];
  });
  return changed(model, {
    node: [
      ...graph.node,
      ...ends.map(({ value, op, name, attribute }) =>
        create(NodeProtoSchema, { name, opType: op, input: [value], output: [name], attribute }),
      ),
    ],
    output: [...graph.output, ...ends.map(({ name, type }) => create(ValueInfoProtoSchema, { name, type }))],
  });
}

/**
 * The model with these products in integers. By columns what is multiplied becomes unsigned bytes, once for all products of it, and
 * MatMulIntegerToFloat of onnxruntime multiplies, scales and adds the bias; by blocks its MatMulNBits does all that. Weights that nothing reads
 * any more are gone.
 *
 * @param ranges of the inputs of products that are done by columns
 */
export function inIntegers(
  model: OnnxModel,
  products: readonly WayOfProduct[],
  ranges: ReadonlyMap<string, Range>,
): OnnxModel {
  const { graph } = model;
  const constants: TensorProto[] = [];
  const constant = (name: string, dataType: number, dims: readonly number[], data: ArrayBufferView): string => {
    const rawData = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    constants.push(create(TensorProtoSchema, { name, dataType, dims: dims.map(BigInt), rawData }));
    return name;
  };
  const before = new Map<NodeProto, NodeProto[]>();
  const gone = new Set<NodeProto>();
  const quantized = new Map<string, { bytes: string; scale: string; zero: string }>();
  for (const { product, way } of products) {
    const { node, input, weights, bias } = product;
    const own = node.output[0] ?? '';
    const steps: NodeProto[] = [];
    const { rows, columns } = weights;
    const name = `${node.name || own}/integers`;
    const output = bias?.node.output[0] ?? own;
    const shift = bias && constant(`${own}/cosmicai/bias`, TensorProto_DataType.FLOAT, [columns], bias.data);
    before.set(node, steps);
    gone.add(node);
    if (bias !== undefined) gone.add(bias.node);
    if (way === 'blocks') {
      const { blocks, data, scales } = blocksOf(weights);
      const inputs = [
        input,
        constant(`${own}/cosmicai/weights`, TensorProto_DataType.UINT8, [columns, blocks, BLOCK], data),
        constant(`${own}/cosmicai/weight-scales`, TensorProto_DataType.FLOAT, [columns, blocks], scales),
        ...(shift === undefined ? [] : ['', '', shift]),
      ];
      steps.push(operator('MatMulNBits', MICROSOFT, name, inputs, output, byBlocks(rows, columns)));
      continue;
    }
    let integers = quantized.get(input);
    if (integers === undefined) {
      const { scale, zero } = byteScale(ranges.get(input) ?? { smallest: 0, largest: 0 });
      integers = {
        bytes: `${input}/cosmicai/bytes`,
        scale: constant(`${input}/cosmicai/scale`, TensorProto_DataType.FLOAT, [], Float32Array.of(scale)),
        zero: constant(`${input}/cosmicai/zero`, TensorProto_DataType.UINT8, [], Uint8Array.of(zero)),
      };
      quantized.set(input, integers);
      const inputs = [input, integers.scale, integers.zero];
      steps.push(operator('QuantizeLinear', '', integers.bytes, inputs, integers.bytes));
    }
    const { data, scales } = integersOf(weights);
    const inputs = [
      integers.bytes,
      constant(`${own}/cosmicai/weights`, TensorProto_DataType.INT8, [rows, columns], data),
      integers.scale,
      constant(`${own}/cosmicai/weight-scales`, TensorProto_DataType.FLOAT, [columns], scales),
      integers.zero,
      ...(shift === undefined ? [] : ['', shift]),
    ];
    steps.push(operator('MatMulIntegerToFloat', MICROSOFT, name, inputs, output));
  }
  const rewritten = graph.node.flatMap((node) => [...(before.get(node) ?? []), ...(gone.has(node) ? [] : [node])]);
  const { nodes, initializers } = used(rewritten, [...graph.initializer, ...constants], graph.output);
  const { proto: done, graph: changedGraph } = changed(model, { node: nodes, initializer: initializers });
  if (!done.opsetImport.some(({ domain }) => domain === MICROSOFT))
    done.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: MICROSOFT, version: 1n }));
  return { proto: done, graph: changedGraph };
}

/** Products of 8-bit integers, added up in integers. */
const IN_INTEGERS = 4;

function byBlocks(rows: number, columns: number): AttributeProto[] {
  const sizes = { K: rows, N: columns, bits: 8, block_size: BLOCK, accuracy_level: IN_INTEGERS };
  return Object.entries(sizes).map(([name, size]) =>
    create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(size) }),
  );
}

function operator(
  opType: string,
  domain: string,
  name: string,
  input: readonly string[],
  output: string,
  attribute: AttributeProto[] = [],
): NodeProto {
  return create(NodeProtoSchema, { opType, domain, name, input: [...input], output: [output], attribute });
}

function changed(
  { proto, graph }: OnnxModel,
  fields: Partial<Pick<GraphProto, 'node' | 'output' | 'initializer'>>,
): OnnxModel {
  const rewritten: GraphProto = { ...graph, ...fields };
  return { proto: { ...proto, graph: rewritten, opsetImport: [...proto.opsetImport] }, graph: rewritten };
}

/** Nodes and constants on which an output of the graph depends. */
function used(
  nodes: readonly NodeProto[],
  constants: readonly TensorProto[],
  outputs: readonly { readonly name: string }[],
): { nodes: NodeProto[]; initializers: TensorProto[] } {
  const needed = new Set(outputs.map(({ name }) => name));
  const kept: NodeProto[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.output.some((output) => needed.has(output))) continue;
    for (const input of inputsOf(node)) needed.add(input);
    kept.push(node);
  }
  return { nodes: kept.reverse(), initializers: constants.filter(({ name }) => needed.has(name)) };
}

/** With those of graphs within it, which read values of the outer one. */
function inputsOf(node: NodeProto): string[] {
  const inner = node.attribute.flatMap(({ g, graphs }) => [...(g ? [g] : []), ...graphs]);
  return [
    ...node.input,
    ...inner.flatMap(({ node: nodes, output }) => [...nodes.flatMap(inputsOf), ...output.map(({ name }) => name)]),
  ];
}
