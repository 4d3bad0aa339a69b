import '@cosmicai/payload/no-telemetry';
import { performance } from 'node:perf_hooks';
import { create } from '@bufbuild/protobuf';
import { seededRandom } from '@cosmicai/metrics';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { serialize, type OnnxModel } from './graph.ts';
import type { Layer } from './layers.ts';
import { productsOf, type Way } from './products.ts';
import { inIntegers } from './rewrite.ts';

/** Runs of each arithmetic, in turn; the fastest counts, which what else runs on the machine disturbs least. */
const ROUNDS = 15;

/** Milliseconds that a layer takes for so many rows, on one thread. */
export interface LayerTimes {
  readonly floats: number;
  readonly integers: Readonly<Record<Way, number>>;
}

/** Times layers of a shape once: blocks of an encoder are alike. */
export class LayerClock {
  readonly #known = new Map<string, Promise<LayerTimes>>();

  /** @param rows of the layer's input */
  time({ products }: Layer, rows: number): Promise<LayerTimes> {
    const depth = products[0]?.weights.rows ?? 0;
    const widths = products.map(({ weights }) => weights.columns);
    const biased = products.map(({ bias }) => bias !== undefined);
    const shape = JSON.stringify([rows, depth, widths, biased]);
    const known = this.#known.get(shape) ?? timeOf(rows, depth, widths, biased);
    this.#known.set(shape, known);
    return known;
  }
}

async function timeOf(
  rows: number,
  depth: number,
  widths: readonly number[],
  biased: readonly boolean[],
): Promise<LayerTimes> {
  const random = seededRandom(1);
  const numbers = (count: number) => Float32Array.from({ length: count }, () => random() - 0.5);
  const floats = layerModel(depth, widths, biased, numbers);
  const ends = { smallest: -0.5, largest: 0.5 };
  const integers = (way: Way) =>
    inIntegers(
      floats,
      productsOf(floats.graph).map((product) => ({ product, way })),
      new Map([[INPUT, ends]]),
    );
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const sessions = await Promise.all(
    [floats, integers('columns'), integers('blocks')].map((model) =>
      InferenceSession.create(serialize(model), options),
    ),
  );
  const feeds = { [INPUT]: new Tensor('float32', numbers(rows * depth), [rows, depth]) };
  const best = sessions.map(() => Infinity);
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const [which, session] of sessions.entries()) {
        const start = performance.now();
        await session.run(feeds);
        best[which] = Math.min(best[which] ?? Infinity, performance.now() - start);
      }
    }
  } finally {
    await Promise.all(sessions.map((session) => session.release()));
  }
  const [inFloats = NaN, columns = NaN, blocks = NaN] = best;
  return { floats: inFloats, integers: { columns, blocks } };
}

const INPUT = 'x';

/** A model of one layer that answers the largest number of each product, as answers of any size would have to be copied. */
function layerModel(
  depth: number,
  widths: readonly number[],
  biased: readonly boolean[],
  numbers: (count: number) => Float32Array,
): OnnxModel {
  const constant = (name: string, dims: readonly number[]) => {
    const data = numbers(dims.reduce((product, size) => product * size, 1));
    return create(TensorProtoSchema, {
      name,
      dataType: TensorProto_DataType.FLOAT,
      dims: dims.map(BigInt),
      rawData: new Uint8Array(data.buffer as ArrayBuffer),
    });
  };
  const elemType = TensorProto_DataType.FLOAT;
  const port = (name: string) =>
    create(ValueInfoProtoSchema, {
      name,
      type: create(TypeProtoSchema, {
        value: { case: 'tensorType', value: create(TypeProto_TensorSchema, { elemType }) },
      }),
    });
  const node = (opType: string, input: string[], output: string) =>
    create(NodeProtoSchema, { opType, name: output, input, output: [output] });
  const graph = create(GraphProtoSchema, {
    name: 'layer',
    input: [port(INPUT)],
    output: widths.map((_, at) => port(`most${at}`)),
    node: widths.flatMap((_, at) => [
      node('MatMul', [INPUT, `w${at}`], `y${at}`),
      ...(biased[at] ? [node('Add', [`y${at}`, `b${at}`], `z${at}`)] : []),
      node('ReduceMax', [biased[at] ? `z${at}` : `y${at}`], `most${at}`),
    ]),
    initializer: widths.flatMap((width, at) => [
      constant(`w${at}`, [depth, width]),
      ...(biased[at] ? [constant(`b${at}`, [width])] : []),
    ]),
  });
  const opset = create(OperatorSetIdProtoSchema, { domain: '', version: 17n });
  return { proto: create(ModelProtoSchema, { irVersion: 8n, graph, opsetImport: [opset] }), graph };
}
