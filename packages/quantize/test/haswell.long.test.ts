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
} from 'onnx-buf';
import { parseModel, serialize } from '../src/index.ts';

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

function withSaturation(products: readonly IntegerProduct[]): IntegerProduct[] {
  const [first] = products;
  return [
    ...products,
    { ...first!, name: SATURATING, zero: 0, weights: first!.weights.map((w) => Math.sign(w) * 127) },
  ];
}

/** Those products alone, of constants, their integers as outputs. */
function graphOf(products: readonly IntegerProduct[]): Uint8Array {
  const tensor = (name: string, dataType: number, dims: number[], data: Uint8Array | Int8Array) =>
    create(TensorProtoSchema, {
      name,
      dataType,
      dims: dims.map(BigInt),
      rawData: Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
    });
  const int32 = create(TypeProtoSchema, {
    value: { case: 'tensorType', value: { elemType: TensorProto_DataType.INT32 } },
  });
  const graph = create(GraphProtoSchema, {
    name: 'products',
    node: products.map(({ name }) =>
      create(NodeProtoSchema, {
        opType: 'MatMulInteger',
        input: [`${name}/bytes`, `${name}/weights`, `${name}/zero`],
        output: [name],
      }),
    ),
    initializer: products.flatMap(({ name, bytes, zero, weights, inner, columns }) => [
      tensor(`${name}/bytes`, TensorProto_DataType.UINT8, [ROWS, inner], bytes),
      tensor(`${name}/weights`, TensorProto_DataType.INT8, [inner, columns], weights),
      tensor(`${name}/zero`, TensorProto_DataType.UINT8, [], Uint8Array.of(zero)),
    ]),
    output: products.map(({ name }) => create(ValueInfoProtoSchema, { name, type: int32 })),
  });
  const proto = create(ModelProtoSchema, { irVersion: 9n, opsetImport: [{ domain: '', version: 20n }], graph });
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
  let native: Answers;
  let haswell: Answers;

  beforeAll(async () => {
    const paths = ['products.onnx', 'galaxy.f32'].map((name) => join(folder, name)) as [string, string];
    writeFileSync(paths[0], graphOf(products));
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

  it('would not with weights of 8 bits', () => {
    expect(wrongEntries(products.at(-1)!, haswell)).toBeGreaterThan(0);
  });

  it('predicts the same redshift there to a ten-thousandth', () => {
    expect(haswell.redshift).toBeGreaterThan(0);
    expect(Math.abs(haswell.redshift - native.redshift)).toBeLessThan(1e-4);
  });
});
