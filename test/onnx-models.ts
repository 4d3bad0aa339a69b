import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type AttributeProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from 'onnx-buf';

export type ElementType = keyof typeof ELEMENT_TYPES;

const ELEMENT_TYPES = {
  float: DataType.FLOAT,
  double: DataType.DOUBLE,
  half: DataType.FLOAT16,
  int32: DataType.INT32,
  int64: DataType.INT64,
  bool: DataType.BOOL,
  string: DataType.STRING,
} as const;

export interface TestPort {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

export interface TestNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, TestAttribute>>;
}

/** A whole number, a list of them, text, or a graph within the graph. */
export type TestAttribute = number | readonly number[] | string | TestBranch;

export interface TestBranch {
  readonly nodes: readonly TestNode[];
  readonly constants: Readonly<Record<string, TestConstant>>;
  readonly output: TestPort;
}

/** A constant; without `values` its data lie in a file beside the model. */
export interface TestConstant {
  readonly type: 'float' | 'int64';
  readonly dims: readonly number[];
  readonly values: readonly number[] | { readonly file: string };
}

/** A model of galaxies, or one that nearly is. */
export interface TestModel {
  /** null: it has none. */
  readonly image: TestPort | null;
  readonly magnitudes: TestPort | null;
  readonly otherInputs: readonly TestPort[];
  readonly outputs: readonly TestPort[];
  /** What makes the outputs of `z`, float [n, 1]. */
  readonly answer: readonly TestNode[];
  readonly constants: Readonly<Record<string, TestConstant>>;
  readonly opset: number;
}

export function port(name: string, type: ElementType, ...shape: (number | string)[]): TestPort {
  return { name, type, shape };
}

/** The image, the magnitudes and the only output of a model that fits but for the shape. */
export const image = (...shape: TestPort['shape']): TestPort => port('image', 'float', ...shape);
export const magnitudes = (...shape: TestPort['shape']): TestPort => port('magnitudes', 'float', ...shape);
export const redshift = (...shape: TestPort['shape']): TestPort[] => [port('redshift', 'float', ...shape)];

export function node(
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: TestNode['attributes'] = {},
): TestNode {
  return { op, inputs, output, attributes };
}

export const numbers = (...values: number[]): TestConstant => ({ type: 'float', dims: [values.length], values });
export const integers = (...values: number[]): TestConstant => ({ type: 'int64', dims: [values.length], values });

/** A hundredth: what `z` is of the sum of means. */
export const SCALE = 0.01;

const FITTING: TestModel = {
  image: image('n', 5, 32, 32),
  magnitudes: magnitudes('n', 5),
  otherInputs: [],
  outputs: redshift('n', 1),
  answer: [node('Identity', ['z'], 'redshift')],
  constants: {},
  opset: 17,
};

/**
 * The bytes of an ONNX file that fits but for the changes. Of each galaxy it takes the mean of its pixels and the mean of its
 * magnitudes, whatever their type; `z` is SCALE times their sum.
 */
export function testModel(changes: Partial<TestModel> = {}): Uint8Array {
  const { otherInputs, outputs, answer, constants, opset, ...galaxy } = { ...FITTING, ...changes };
  const fed = [galaxy.image, galaxy.magnitudes].filter((given) => given !== null);
  const means = fed.flatMap(meanOf);
  const [first = 'scale', second] = fed.map(({ name }) => `${name}_mean`);
  const sum = second === undefined ? node('Identity', [first], 'sum') : node('Add', [first, second], 'sum');
  const body = [...means, sum, node('Mul', ['sum', 'scale'], 'z'), ...answer];
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'test',
    opsetImport: [{ domain: '', version: BigInt(opset) }],
    graph: {
      name: 'test',
      node: body.map(encodeNode),
      initializer: Object.entries({ scale: numbers(SCALE), ...constants }).map(encodeConstant),
      input: [...fed, ...otherInputs].map(encodePort),
      output: outputs.map(encodePort),
    },
  });
  return toBinary(ModelProtoSchema, model);
}

/** One that multiplies by a weight, a float in a file beside it. */
export function weightsIn(file: string): Uint8Array {
  return testModel({
    answer: [node('Mul', ['z', 'weight'], 'redshift')],
    constants: { weight: { type: 'float', dims: [1], values: { file } } },
  });
}

/** The mean of each galaxy's values as `<name>_mean`, [n, 1]. */
function meanOf({ name }: TestPort): TestNode[] {
  return [
    node('Cast', [name], `${name}_float`, { to: DataType.FLOAT }),
    node('Flatten', [`${name}_float`], `${name}_rows`, { axis: 1 }),
    node('ReduceMean', [`${name}_rows`], `${name}_mean`, { axes: [1], keepdims: 1 }),
  ];
}

/** The node that gives the output another element type. */
export function cast(type: ElementType, from = 'z', to = 'redshift'): TestNode {
  return node('Cast', [from], to, { to: ELEMENT_TYPES[type] });
}

function encodeNode({ op, inputs, output, attributes }: TestNode): MessageInitShape<typeof NodeProtoSchema> {
  return {
    name: output,
    opType: op,
    input: [...inputs],
    output: output === '' ? [] : [output],
    attribute: Object.entries(attributes).map(([name, value]) => ({ name, ...encodeAttribute(value) })),
  };
}

function encodeAttribute(value: TestAttribute): MessageInitShape<typeof AttributeProtoSchema> {
  if (typeof value === 'number') return { type: AttributeType.INT, i: BigInt(value) };
  if (typeof value === 'string') return { type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if ('nodes' in value) {
    const g = {
      name: value.output.name,
      node: value.nodes.map(encodeNode),
      initializer: Object.entries(value.constants).map(encodeConstant),
      output: [encodePort(value.output)],
    };
    return { type: AttributeType.GRAPH, g };
  }
  return { type: AttributeType.INTS, ints: value.map(BigInt) };
}

function encodeConstant([name, { type, dims, values }]: [string, TestConstant]): MessageInitShape<
  typeof TensorProtoSchema
> {
  const about = { name, dataType: ELEMENT_TYPES[type], dims: dims.map(BigInt) };
  if ('file' in values) {
    const externalData = [{ key: 'location', value: values.file }];
    return { ...about, dataLocation: DataLocation.EXTERNAL, externalData };
  }
  return type === 'float' ? { ...about, floatData: [...values] } : { ...about, int64Data: values.map(BigInt) };
}

function encodePort({ name, type, shape }: TestPort): MessageInitShape<typeof ValueInfoProtoSchema> {
  const dim = shape.map((size) => ({
    value:
      typeof size === 'number'
        ? ({ case: 'dimValue', value: BigInt(size) } as const)
        : ({ case: 'dimParam', value: size } as const),
  }));
  const value = { elemType: ELEMENT_TYPES[type], shape: { dim } };
  return { name, type: { value: { case: 'tensorType', value } } };
}
