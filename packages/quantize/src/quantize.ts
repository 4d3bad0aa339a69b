import {
  loadModel,
  MICRO_BATCH,
  readAnswers,
  type LoadOptions,
  type ModelContent,
  type Predictor,
  withMetadata,
} from '@cosmicai/inference';
import {
  MODEL_SPEC_KEY,
  outputsOf,
  QUANTIZATION_KEY,
  TRAINED_RANGES_KEY,
  UserInputError,
  writtenSpec,
  type AnswerChange,
  type PredictionScores,
  type Quantization,
  type QuantizedLayer,
} from '@cosmicai/payload';
import { PredictionMetrics } from '@cosmicai/metrics';
import { truthOf, type Galaxies } from '@cosmicai/samples';
import { sha256Of } from '@cosmicai/store';
import { answerChanges, answersTooLarge, type AnswerLimits } from './answer-change.ts';
import { Calibration } from './calibrate.ts';
import { binnedChange, type BinnedChange, type ComparedGalaxies } from './bins.ts';
import { toldChange, tooLarge, type Change, type Limits, type ToldChange } from './change.ts';
import { parseModel, serialize, type OnnxModel } from './graph.ts';
import { awayFromZero, outwards, type Range } from './integers.ts';
import { LayerClock } from './layer-times.ts';
import {
  budgetLeft,
  chooseLayers,
  layersOf,
  notedLayers,
  productsIn,
  recordedChoice,
  type Choice,
  type Layer,
} from './layers.ts';
import { measureLayers } from './measure-layers.ts';
import { joined, predictAgain, type Predicted } from './predicted.ts';
import { productsOf, SMALLEST, type Way } from './products.ts';
import { inIntegers } from './rewrite.ts';

export interface QuantizeOptions
  extends Limits, AnswerLimits, Pick<LoadOptions, 'names' | 'allowBatchDependence' | 'workers'> {
  /** Galaxies in batches of at most `size`, from anywhere in the survey. */
  readonly batches: (size: number) => AsyncIterable<Galaxies>;
  /** Galaxies whose activations give the ranges. */
  readonly calibrateOn: number;
  /** Other galaxies, on which the change is measured. */
  readonly verifyOn: number;
  /** Which layers: as measured here, the default; all that can be; or those that an earlier choice names. */
  readonly layers?: 'measured' | 'all' | readonly QuantizedLayer[];
  readonly onProgress?: (what: 'Calibrating' | 'Measuring' | 'Verifying', done: number, total: number) => void;
}

export interface Quantized {
  /** An ONNX file that says of itself how it was made. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly quantization: Quantization;
  /** Of the redshift; null: the model answers none. */
  readonly change: ToldChange | null;
  /** Of what else it answers. */
  readonly answers: readonly AnswerChange[];
  readonly bins: BinnedChange;
  /** Why it should not take the model's place; undefined when it changes as little as it may. */
  readonly refusal: string | undefined;
}

interface Seen {
  readonly held: Predicted[];
  /** Of those that calibrate. */
  readonly tried: Predicted[];
  readonly calibrated: number;
}

/**
 * A model whose products with constant matrices are done in integers of 8 bits where that pays: activations by the range that they have
 * on some galaxies, weights column by column, or both block by block where that changes too much. What it changes is measured on other galaxies.
 *
 * @throws UserInputError when the model can't be used, has its weights in other files, has no such products, or there are too few galaxies
 */
export async function quantizeModel(content: ModelContent, options: QuantizeOptions): Promise<Quantized> {
  const { label } = content;
  if (content.bytes.external.length > 0) {
    throw new UserInputError(
      `The weights of ${label} lie in other files. Save it as one file first: onnx.save_model(model, path, save_as_external_data=False).`,
    );
  }
  const model = parseModel(content.bytes.graph, label);
  const products = productsOf(model.graph);
  if (products.length === 0) {
    throw new UserInputError(
      `${label} has no matrix products (MatMul, Gemm) with constant weights of ${SMALLEST} numbers or more, so nothing of it can be done in 8 bits.`,
    );
  }
  // The sessions take the bytes with them.
  const bytes = { graph: Uint8Array.from(content.bytes.graph), external: [] };
  const { predictor } = await loadModel({ ...content, bytes }, options);
  const inputs = products.map(({ input }) => input);
  const calibration = await Calibration.open(model, predictor.contract, inputs);
  let seen: Seen;
  try {
    seen = await look(calibration, predictor, options);
  } finally {
    await Promise.all([calibration.close(), predictor.close()]);
  }
  const ranges = rangesOf(calibration);
  const { chosen, noted } = await choose({
    content,
    model,
    layers: layersOf(products),
    calibration,
    ranges,
    seen,
    options,
  });
  const inInteger = productsIn(chosen, products);
  const graph = Uint8Array.from(serialize(inIntegers(model, inInteger, ranges)));
  // The sessions take these bytes with them too.
  const inEightBits = {
    ...content,
    label: `${label} in 8 bits`,
    sha256: sha256Of(graph),
    bytes: { graph: Uint8Array.from(graph), external: [] },
  };
  const { predictor: other } = await loadModel(inEightBits, options);
  const after = await predictAgain(other, seen.held, (done, total) =>
    options.onProgress?.('Verifying', done, total),
  ).finally(() => other.close());
  const outputs = outputsOf(content.spec);
  const before = joined(seen.held.map((held) => held.before));
  const zSpec = seen.held.flatMap(({ galaxies }) => [...truthOf(galaxies)]);
  const [was, is] = [readAnswers(outputs, before).zPred, readAnswers(outputs, after).zPred];
  const compared: ComparedGalaxies | null =
    was === null || is === null
      ? null
      : {
          before: [...was],
          after: [...is],
          zSpec,
          magnitudes: seen.held.flatMap(({ galaxies }) => [...galaxies.magnitudes]),
          features: content.spec.features,
        };
  const change = compared && toldChange(compared);
  const answers = answerChanges({ outputs, before, after });
  const quantization: Quantization = {
    activation_bits: 8,
    weight_bits: 7,
    // Of the file, as sha256sum tells it: what lies beside it says what goes in and out, and the numbers are its own.
    source_sha256: sha256Of(content.bytes.graph),
    products: inInteger.length,
    calibrated_on: seen.calibrated,
    galaxies: zSpec.length,
    ...noteOf(change),
    ...(answers.length > 0 && { answers: answers.map(noteOfAnswer) }),
    ...(noted && { layers: noted }),
  };
  return {
    bytes: withNotes(graph, content, quantization),
    quantization,
    change,
    answers,
    bins: compared === null ? { redshift: [], magnitude: [], band: undefined } : binnedChange(compared),
    refusal:
      chosen.size === 0
        ? 'no layer of it is faster in integers and changes little enough'
        : ((change && tooLarge(change, options)) ?? answersTooLarge(answers, outputs, options)),
  };
}

/** With what is said of the model, also where that lies in files beside it: the copy goes where it likes. */
function withNotes(
  graph: Uint8Array<ArrayBuffer>,
  { spec, specFile, trained }: ModelContent,
  quantization: Quantization,
): Uint8Array<ArrayBuffer> {
  const notes: readonly (readonly [key: string, value: object | undefined])[] = [
    [QUANTIZATION_KEY, quantization],
    [MODEL_SPEC_KEY, specFile === undefined ? undefined : writtenSpec(spec)],
    [TRAINED_RANGES_KEY, trained],
  ];
  let whole: Uint8Array = graph;
  for (const [key, value] of notes) if (value !== undefined) whole = withMetadata(whole, key, JSON.stringify(value));
  return Uint8Array.from(whole);
}

function rangesOf({ ranges }: Calibration): Map<string, Range> {
  return new Map([...ranges].map(([value, range]) => [value, outwards(range)]));
}

/** Of the note: more would differ from machine to machine. */
const NOTE_DIGITS = 4;

/** What a file says of the change, bounds rounded up; the tables with intervals and bins are for who makes it. */
function noteOf(change: Change | null) {
  const none = new PredictionMetrics().finish();
  return {
    max_dz: change && noted(change.maxDz),
    mean_dz: change && noted(change.meanDz),
    dz_999: change && noted(change.dz999),
    max_relative_dz: change && noted(change.maxRelativeDz),
    scores_before: roundedScores(change?.before ?? none),
    scores_after: roundedScores(change?.after ?? none),
  };
}

function noteOfAnswer(change: AnswerChange): AnswerChange {
  return { ...change, max: noted(change.max), mean: noted(change.mean) };
}

/** Rounded up; what is endless is refused, and stays so. */
function noted(size: number): number {
  return size === 0 || !Number.isFinite(size) ? size : awayFromZero(size, NOTE_DIGITS);
}

function roundedScores(scores: PredictionScores): PredictionScores {
  const rounded = (value: number | null) => (value === null ? null : Number(value.toPrecision(NOTE_DIGITS)));
  return {
    count: scores.count,
    excluded: scores.excluded,
    mae: rounded(scores.mae),
    mse: rounded(scores.mse),
    bias: rounded(scores.bias),
    precision: rounded(scores.precision),
    precision_error: rounded(scores.precision_error),
    r2: rounded(scores.r2),
    outlier_fraction_005: rounded(scores.outlier_fraction_005),
    outlier_fraction_015: rounded(scores.outlier_fraction_015),
  };
}

/** Galaxies on which each layer is tried alone. */
const TRIED_ON = 128;

/** Every other batch calibrates until that is enough; the rest is kept for comparing, with what the model says of it. */
async function look(calibration: Calibration, predictor: Predictor, options: QuantizeOptions): Promise<Seen> {
  const { calibrateOn, verifyOn, onProgress } = options;
  const size = predictor.contract.batch ?? MICRO_BATCH;
  const held: Predicted[] = [];
  const tried: Predicted[] = [];
  let [calibrated, kept] = [0, 0];
  for await (const galaxies of options.batches(size)) {
    const calibrates = calibrated < calibrateOn && (calibrated <= kept || kept >= verifyOn);
    if (calibrates) {
      await calibration.add(galaxies);
      if (calibrated < TRIED_ON) tried.push({ galaxies, before: await predictor.predict(galaxies, size) });
      calibrated += galaxies.count;
      onProgress?.('Calibrating', Math.min(calibrated, calibrateOn), calibrateOn);
    } else {
      held.push({ galaxies, before: await predictor.predict(galaxies, size) });
      kept += galaxies.count;
    }
    if (calibrated >= calibrateOn && kept >= verifyOn) break;
  }
  if (held.length > 0) return { held, tried, calibrated };
  throw new UserInputError(
    `${calibrated} galaxies are too few to calibrate on some and to measure the change on others; give more partitions.`,
  );
}

async function choose(what: {
  readonly content: ModelContent;
  readonly model: OnnxModel;
  readonly layers: readonly Layer[];
  readonly calibration: Calibration;
  readonly ranges: ReadonlyMap<string, Range>;
  readonly seen: Seen;
  readonly options: QuantizeOptions;
}): Promise<{ readonly chosen: Choice; readonly noted: readonly QuantizedLayer[] | undefined }> {
  const { content, layers, options } = what;
  const { layers: wanted = 'measured' } = options;
  if (wanted === 'all') return { chosen: new Map(layers.map((layer) => [layer, 'columns'])), noted: undefined };
  if (wanted !== 'measured') return { chosen: recordedChoice(layers, wanted, content.label), noted: wanted };
  const clock = new LayerClock();
  const measure = (way: Way, those: readonly Layer[], before: number) =>
    measureLayers({
      ...what,
      layers: those,
      way,
      clock,
      sizes: what.calibration.sizes,
      tried: what.seen.tried,
      limits: options,
      use: options,
      onDone: (done) => options.onProgress?.('Measuring', before + done, 2 * layers.length),
    });
  const byColumns = await measure('columns', layers, 0);
  const first = chooseLayers(byColumns);
  // What changes too much with one scale for all galaxies may do with one for each.
  const left = layers.filter((layer) => !first.some((one) => one.layer === layer));
  const byBlocks = await measure('blocks', left, 2 * layers.length - left.length);
  const all = [...first, ...chooseLayers(byBlocks, budgetLeft(first))];
  const measured = byColumns.map((one) => all.find(({ layer }) => layer === one.layer) ?? one);
  const chosen = new Map(all.map(({ layer, way }) => [layer, way]));
  return { chosen, noted: notedLayers(measured, chosen) };
}
