/*
 * x86 without VNNI, as some of Lambda's hosts are: onnxruntime's kernels for AVX2 add products of bytes in 16 bits. Debian's qemu-user
 * emulates such a processor.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { create } from '@bufbuild/protobuf';
import { demoModel } from '@cosmicai/demo-model';
import { seededRandom } from '@cosmicai/metrics';
import { simulateSurvey } from '@cosmicai/survey';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
} from 'onnx-buf';
import { BLOCK, parseModel, serialize } from '../src/index.ts';

const EMULATOR = 'qemu-x86_64';
const isThere = process.arch === 'x64' && spawnSync(EMULATOR, ['-version']).error === undefined;
if (!isThere)
  console.warn('SKIPPED: products on a processor without VNNI: qemu-user is not installed, or this is no x86');

const ROWS = 5;
/** Weights of 8 bits, which onnxruntime gets wrong there: that the emulated kernel is the one that is meant. */
const SATURATING = 'weights of 8 bits';

interface IntegerProduct {
  readonly name: string;
  /** [ROWS, inner] */
  readonly bytes: Uint8Array;
  readonly zero: number;
  /** [inner, columns] */
  readonly weights: Int8Array;
  readonly inner: number;
  readonly columns: number;
}

/** A product by blocks: of numbers that its blocks round to themselves. */
interface BlockProduct {
  readonly name: string;
  /** [ROWS, inner], whole, the largest of each block 127. */
  readonly numbers: Float32Array;
  /** [columns, blocks, BLOCK], as they are stored. */
  readonly weights: Uint8Array;
  readonly inner: number;
  readonly columns: number;
  readonly attribute: AttributeProto[];
}

interface Answers {
  readonly integers: Readonly<Record<string, readonly number[]>>;
  readonly redshift: number;
}

/** The products of the demo model in integers, with bytes of ours: a row of 255, which saturates first, and random ones. */
function demoProducts(): IntegerProduct[] {
  const random = seededRandom(11);
  const { graph } = parseModel(readFileSync(demoModel('int8')), 'int8');
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  return graph.node
    .filter(({ opType }) => opType === 'MatMulIntegerToFloat')
    .map(({ input, output }) => {
      const weights = constants.get(input[1]!)!;
      const [inner = 0, columns = 0] = weights.dims.map(Number);
      const bytes = Uint8Array.from({ length: ROWS * inner }, (_, at) =>
        at < inner ? 255 : Math.floor(256 * random()),
      );
      const zero = constants.get(input[4]!)!.rawData[0]!;
      return { name: output[0]!, bytes, zero, weights: new Int8Array(weights.rawData), inner, columns };
    });
}

/**
 * Those that are done by blocks: a block of 127, which would saturate first, in a row of zeros, as sums of more are too large for float32 to
 * hold exactly; and random rows.
 */
function blockProducts(): BlockProduct[] {
  const random = seededRandom(12);
  const { graph } = parseModel(readFileSync(demoModel('int8')), 'int8');
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  return graph.node
    .filter(({ opType }) => opType === 'MatMulNBits')
    .map(({ input, output, attribute }) => {
      const whole = (name: string) => Number(attribute.find((one) => one.name === name)!.i);
      const [inner, columns] = [whole('K'), whole('N')];
      const numbers = Float32Array.from({ length: ROWS * inner }, (_, at) =>
        at < inner ? (at < BLOCK ? 127 : 0) : (at % inner) % BLOCK === 0 ? 127 : Math.floor(255 * random()) - 127,
      );
      return { name: output[0]!, numbers, weights: constants.get(input[1]!)!.rawData, inner, columns, attribute };
    });
}

function exactByBlocks({ numbers, weights, inner, columns }: BlockProduct): number[] {
  const stored = Math.ceil(inner / BLOCK) * BLOCK;
  return Array.from({ length: ROWS * columns }, (_, place) => {
    const [row, column] = [Math.floor(place / columns), place % columns];
    let sum = 0;
    for (let at = 0; at < inner; at++) sum += numbers[row * inner + at]! * (weights[column * stored + at]! - 128);
    return sum;
  });
}

function withSaturation(products: readonly IntegerProduct[]): IntegerProduct[] {
  const [first] = products;
  return [
    ...products,
    { ...first!, name: SATURATING, zero: 0, weights: first!.weights.map((w) => Math.sign(w) * 127) },
  ];
}

/** Those products alone, of constants, their integers as outputs. */
function graphOf(products: readonly IntegerProduct[], byBlocks: readonly BlockProduct[]): Uint8Array {
  const tensor = (name: string, dataType: number, dims: number[], data: Uint8Array | Int8Array | Float32Array) =>
    create(TensorProtoSchema, {
      name,
      dataType,
      dims: dims.map(BigInt),
      rawData: Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
    });
  const int32 = create(TypeProtoSchema, {
    value: { case: 'tensorType', value: { elemType: TensorProto_DataType.INT32 } },
  });
  const float = create(TypeProtoSchema, {
    value: { case: 'tensorType', value: { elemType: TensorProto_DataType.FLOAT } },
  });
  const graph = create(GraphProtoSchema, {
    name: 'products',
    node: [
      ...products.map(({ name }) =>
        create(NodeProtoSchema, {
          opType: 'MatMulInteger',
          input: [`${name}/bytes`, `${name}/weights`, `${name}/zero`],
          output: [name],
        }),
      ),
      ...byBlocks.map(({ name, attribute }) =>
        create(NodeProtoSchema, {
          opType: 'MatMulNBits',
          domain: 'com.microsoft',
          input: [`${name}/numbers`, `${name}/weights`, `${name}/scales`],
          output: [name],
          attribute,
        }),
      ),
    ],
    initializer: [
      ...byBlocks.flatMap(({ name, numbers, weights, inner, columns }) => {
        const blocks = Math.ceil(inner / BLOCK);
        const ones = new Float32Array(columns * blocks).fill(1);
        return [
          tensor(`${name}/numbers`, TensorProto_DataType.FLOAT, [ROWS, inner], numbers),
          tensor(`${name}/weights`, TensorProto_DataType.UINT8, [columns, blocks, BLOCK], weights),
          tensor(`${name}/scales`, TensorProto_DataType.FLOAT, [columns, blocks], ones),
        ];
      }),
      ...products.flatMap(({ name, bytes, zero, weights, inner, columns }) => [
        tensor(`${name}/bytes`, TensorProto_DataType.UINT8, [ROWS, inner], bytes),
        tensor(`${name}/weights`, TensorProto_DataType.INT8, [inner, columns], weights),
        tensor(`${name}/zero`, TensorProto_DataType.UINT8, [], Uint8Array.of(zero)),
      ]),
    ],
    output: [
      ...products.map(({ name }) => create(ValueInfoProtoSchema, { name, type: int32 })),
      ...byBlocks.map(({ name }) => create(ValueInfoProtoSchema, { name, type: float })),
    ],
  });
  const opsetImport = [
    { domain: '', version: 20n },
    { domain: 'com.microsoft', version: 1n },
  ];
  const proto = create(ModelProtoSchema, { irVersion: 9n, opsetImport, graph });
  return serialize({ proto, graph });
}

function exact({ bytes, zero, weights, inner, columns }: IntegerProduct): number[] {
  const sums = new Array<number>(ROWS * columns).fill(0);
  for (let row = 0; row < ROWS; row++)
    for (let at = 0; at < inner; at++) {
      const byte = bytes[row * inner + at]! - zero;
      for (let column = 0; column < columns; column++)
        sums[row * columns + column]! += byte * weights[at * columns + column]!;
    }
  return sums;
}

function wrongEntries(product: IntegerProduct, { integers }: Answers): number {
  const right = exact(product);
  return integers[product.name]!.filter((value, at) => value !== right[at]).length;
}

(isThere ? describe : describe.skip)('the demo model in 8 bits', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cosmicai-haswell-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const products = withSaturation(demoProducts());
  const byBlocks = blockProducts();
  let native: Answers;
  let haswell: Answers;

  beforeAll(async () => {
    const paths = ['products.onnx', 'galaxy.f32'].map((name) => join(folder, name)) as [string, string];
    writeFileSync(paths[0], graphOf(products, byBlocks));
    const { images, magnitudes } = [...simulateSurvey({ count: 1, seed: 9 })][0]!;
    writeFileSync(paths[1], Buffer.from(Float32Array.of(...images, ...magnitudes).buffer));
    const script = join(import.meta.dirname, 'fixtures/on-this-processor.mjs');
    const answersOf = async (command: readonly [string, ...string[]]): Promise<Answers> => {
      const [program, ...args] = [...command, process.execPath, script, paths[0], demoModel('int8'), paths[1]];
      const env = { ...process.env, ORT_DISABLE_TELEMETRY: '1', NODE_OPTIONS: '' };
      const { stdout } = await promisify(execFile)(program, args, { env, maxBuffer: 1e8 });
      return JSON.parse(stdout) as Answers;
    };
    native = await answersOf(['env']);
    haswell = await answersOf([EMULATOR, '-cpu', 'Haswell']);
  }, 600_000);

  it('multiplies exactly on this processor and on one without VNNI: no entry of any product is wrong', () => {
    expect(products.length).toBe(73);
    for (const answers of [native, haswell])
      for (const product of products.slice(0, -1))
        expect([product.name, wrongEntries(product, answers)]).toEqual([product.name, 0]);
  });

  it('multiplies exactly by blocks too', () => {
    expect(byBlocks.length).toBe(4);
    for (const product of byBlocks) {
      const right = exactByBlocks(product);
      for (const { integers } of [native, haswell]) {
        const wrong = integers[product.name]!.filter((value, at) => value !== right[at]).length;
        expect([product.name, wrong]).toEqual([product.name, 0]);
      }
    }
  });

  it('would not with weights of 8 bits', () => {
    expect(wrongEntries(products.at(-1)!, haswell)).toBeGreaterThan(0);
  });

  it('predicts the same redshift there to a ten-thousandth', () => {
    expect(haswell.redshift).toBeGreaterThan(0);
    expect(Math.abs(haswell.redshift - native.redshift)).toBeLessThan(1e-4);
  });
});
