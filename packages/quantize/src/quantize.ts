import {
  loadModel,
  MICRO_BATCH,
  type LoadOptions,
  type ModelContent,
  type Predictor,
  withMetadata,
} from '@cosmicai/inference';
import {
  isAstromae,
  QUANTIZATION_KEY,
  TRAINED_RANGES_KEY,
  UserInputError,
  type PredictionScores,
  type Quantization,
} from '@cosmicai/payload';
import { truthOf, type Galaxies } from '@cosmicai/samples';
import { sha256Of } from '@cosmicai/store';
import { Calibration } from './calibrate.ts';
import { binnedChange, type BinnedChange, type ComparedGalaxies } from './bins.ts';
import { toldChange, tooLarge, type Change, type Limits, type ToldChange } from './change.ts';
import { parseModel, serialize } from './graph.ts';
import { awayFromZero, outwards, type Range } from './integers.ts';
import { productsOf } from './products.ts';
import { inIntegers } from './rewrite.ts';

export interface QuantizeOptions extends Limits, Pick<LoadOptions, 'names' | 'allowBatchDependence' | 'workers'> {
  /** Galaxies in batches of at most `size`, from anywhere in the survey. */
  readonly batches: (size: number) => AsyncIterable<Galaxies>;
  /** Galaxies whose activations give the ranges. */
  readonly calibrateOn: number;
  /** Other galaxies, on which the change is measured. */
  readonly verifyOn: number;
  readonly onProgress?: (what: 'Calibrating' | 'Verifying', done: number, total: number) => void;
}

export interface Quantized {
  /** An ONNX file that says of itself how it was made. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly quantization: Quantization;
  readonly change: ToldChange;
  readonly bins: BinnedChange;
  /** Why it should not take the model's place; undefined when it changes as little as it may. */
  readonly refusal: string | undefined;
}

interface Seen {
  readonly held: { readonly galaxies: Galaxies; readonly before: Float32Array }[];
  readonly calibrated: number;
}

/**
 * A model whose products with constant matrices are done in integers of 8 bits: activations by the range that they have on some
 * galaxies, weights column by column. What that changes is measured on others.
 *
 * @throws UserInputError when the model can't be used, has its weights in other files, has no such products, or there are too few galaxies
 */
export async function quantizeModel(content: ModelContent, options: QuantizeOptions): Promise<Quantized> {
  const { label, sha256 } = content;
  if (content.bytes.external.length > 0) {
    throw new UserInputError(
      `The weights of ${label} lie in other files. Save it as one file first: onnx.save_model(model, path, save_as_external_data=False).`,
    );
  }
  if (!isAstromae(content.spec)) {
    throw new UserInputError(
      `${label} says that it takes other bands, pixels or features than AstroMAE; models of those alone are quantized so far.`,
    );
  }
  const model = parseModel(content.bytes.graph, label);
  const products = productsOf(model.graph);
  if (products.length === 0) {
    throw new UserInputError(
      `${label} has no matrix products (MatMul) with constant weights, so nothing of it can be done in 8 bits.`,
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
  const graph = Uint8Array.from(serialize(inIntegers(model, products, rangesOf(calibration))));
  // The sessions take these bytes with them too.
  const after = await predictAgain(content, Uint8Array.from(graph), seen, options);
  const compared: ComparedGalaxies = {
    before: seen.held.flatMap(({ before }) => [...before]),
    after,
    zSpec: seen.held.flatMap(({ galaxies }) => [...truthOf(galaxies)]),
    magnitudes: seen.held.flatMap(({ galaxies }) => [...galaxies.magnitudes]),
  };
  const change = toldChange(compared);
  const quantization: Quantization = {
    activation_bits: 8,
    weight_bits: 7,
    source_sha256: sha256,
    products: products.length,
    calibrated_on: seen.calibrated,
    ...noteOf(change),
  };
  const noted = withMetadata(graph, QUANTIZATION_KEY, JSON.stringify(quantization));
  // The ranges may lie in a file beside the model.
  const ranges = content.trained && JSON.stringify(content.trained);
  const whole = ranges === undefined ? noted : withMetadata(noted, TRAINED_RANGES_KEY, ranges);
  return {
    bytes: Uint8Array.from(whole),
    quantization,
    change,
    bins: binnedChange(compared),
    refusal: tooLarge(change, options),
  };
}

function rangesOf({ ranges }: Calibration): Map<string, Range> {
  return new Map([...ranges].map(([value, range]) => [value, outwards(range)]));
}

/** Of the note: more would differ from machine to machine. */
const NOTE_DIGITS = 4;

/** What a file says of the change, bounds rounded up; the tables with intervals and bins are for who makes it. */
function noteOf(change: Change) {
  return {
    galaxies: change.galaxies,
    max_dz: awayFromZero(change.maxDz, NOTE_DIGITS),
    mean_dz: awayFromZero(change.meanDz, NOTE_DIGITS),
    dz_999: awayFromZero(change.dz999, NOTE_DIGITS),
    max_relative_dz: awayFromZero(change.maxRelativeDz, NOTE_DIGITS),
    scores_before: roundedScores(change.before),
    scores_after: roundedScores(change.after),
  };
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

/** Every other batch calibrates until that is enough; the rest is kept for comparing, with what the model says of it. */
async function look(calibration: Calibration, predictor: Predictor, options: QuantizeOptions): Promise<Seen> {
  const { calibrateOn, verifyOn, onProgress } = options;
  const size = predictor.contract.batch ?? MICRO_BATCH;
  const held: Seen['held'] = [];
  let [calibrated, kept] = [0, 0];
  for await (const galaxies of options.batches(size)) {
    const calibrates = calibrated < calibrateOn && (calibrated <= kept || kept >= verifyOn);
    if (calibrates) {
      await calibration.add(galaxies);
      calibrated += galaxies.count;
      onProgress?.('Calibrating', Math.min(calibrated, calibrateOn), calibrateOn);
    } else {
      held.push({ galaxies, before: await predictor.predict(galaxies, size) });
      kept += galaxies.count;
    }
    if (calibrated >= calibrateOn && kept >= verifyOn) break;
  }
  if (held.length > 0) return { held, calibrated };
  throw new UserInputError(
    `${calibrated} galaxies are too few to calibrate on some and to measure the change on others; give more partitions.`,
  );
}

async function predictAgain(
  content: ModelContent,
  graph: Uint8Array<ArrayBuffer>,
  { held }: Seen,
  options: QuantizeOptions,
): Promise<number[]> {
  const label = `${content.label} in 8 bits`;
  const model = { ...content, label, sha256: sha256Of(graph), bytes: { graph, external: [] } };
  const { predictor } = await loadModel(model, options);
  const after: number[] = [];
  const total = held.reduce((sum, { galaxies }) => sum + galaxies.count, 0);
  try {
    for (const { galaxies } of held) {
      after.push(...(await predictor.predict(galaxies)));
      options.onProgress?.('Verifying', after.length, total);
    }
  } finally {
    await predictor.close();
  }
  return after;
}
