import { createPredictor, MICRO_BATCH, type ModelContent, type PredictorOptions } from '@cosmicai/inference';
import { outputsOf } from '@cosmicai/payload';
import { largestShare, type AnswerLimits } from './answer-change.ts';
import { serialize, type OnnxModel } from './graph.ts';
import type { Range } from './integers.ts';
import { LayerClock } from './layer-times.ts';
import type { Layer, MeasuredLayer } from './layers.ts';
import { joined, predictAgain, type Predicted } from './predicted.ts';
import type { Way } from './products.ts';
import { inIntegers } from './rewrite.ts';

export interface LayersToMeasure {
  readonly content: ModelContent;
  readonly model: OnnxModel;
  readonly layers: readonly Layer[];
  readonly way: Way;
  readonly clock: LayerClock;
  /** Of the layers' inputs. */
  readonly ranges: ReadonlyMap<string, Range>;
  /** Numbers that each input has for a galaxy. */
  readonly sizes: ReadonlyMap<string, number>;
  /** On which each layer is tried. */
  readonly tried: readonly Predicted[];
  readonly limits: AnswerLimits;
  readonly use: PredictorOptions;
  readonly onDone: (done: number) => void;
}

/** What each layer gains when it is in integers, at the product's forward pass, and what it changes when no other is. */
export async function measureLayers(what: LayersToMeasure): Promise<MeasuredLayer[]> {
  const { clock, way } = what;
  const measured: MeasuredLayer[] = [];
  for (const layer of what.layers) {
    const rows = (what.sizes.get(layer.input) ?? 0) / (layer.products[0]?.weights.rows ?? 1);
    const times = await clock.time(layer, Math.round(rows * MICRO_BATCH));
    const microseconds = (milliseconds: number) => (1000 * milliseconds) / MICRO_BATCH;
    const [floatTime, integerTime] = [microseconds(times.floats), microseconds(times.integers[way])];
    // What doesn't pay is not chosen, whatever it changes.
    const change = integerTime < floatTime ? await changeBy(layer, what) : 0;
    measured.push({ layer, way, rows, floatTime, integerTime, change });
    what.onDone(measured.length);
  }
  return measured;
}

async function changeBy({ products }: Layer, what: LayersToMeasure): Promise<number> {
  const inThisWay = products.map((product) => ({ product, way: what.way }));
  const graph = Uint8Array.from(serialize(inIntegers(what.model, inThisWay, what.ranges)));
  const content = { ...what.content, bytes: { graph, external: [] } };
  const predictor = await createPredictor(content, what.use);
  try {
    const before = joined(what.tried.map((predicted) => predicted.before));
    const after = await predictAgain(predictor, what.tried);
    return largestShare({ outputs: outputsOf(what.content.spec), before, after }, what.limits);
  } finally {
    await predictor.close();
  }
}
