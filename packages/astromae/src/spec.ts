import { ASTROMAE, MODEL_SPEC_KEY, modelSpecSchema, parseAs, UserInputError, type ImageSpec } from '@cosmicai/payload';
import { answerWidth, type NetworkConfig } from './config.ts';
import { MissingHyperparameterError } from './import/errors.ts';
import { outputName } from './model/astromae.ts';
import type { Metadata } from './onnx/encode.ts';

/** What tensors have no names for. */
export interface SampleNames {
  /** Bands of the images, in order; default: u, g, r, i, z of a network of five. */
  readonly bands?: readonly string[] | undefined;
  /** The numbers beside the image, in order; default: the magnitudes in the bands. */
  readonly features?: readonly string[] | undefined;
  /** Redshifts where the first bin of a density begins and its last one ends, for bins of one width; or the edges of all bins. */
  readonly grid?: readonly number[] | undefined;
  /** What the second of two outputs of a head is; default: outputs are the bins of a density. */
  readonly sigma?: SigmaKind | undefined;
  /** What becomes of images before the network gets them, and the column of true values; default: nothing, redshift. */
  readonly image?: Pick<ImageSpec, 'fit' | 'scaling'> | undefined;
  readonly truth?: string | undefined;
}

export const SIGMA_KINDS = ['sigma', 'variance', 'log_variance'] as const;
export type SigmaKind = (typeof SIGMA_KINDS)[number];

export interface DescribedSample {
  /** Metadata of the model; empty for one that takes and answers what models do that say nothing. */
  readonly metadata: Metadata;
  /** Names that nobody gave, in sentences. */
  readonly assumptions: readonly string[];
}

/**
 * What a network takes and answers, as its metadata say it.
 *
 * @param file the checkpoint, for messages
 * @throws MissingHyperparameterError for names or bins that nobody gave and that aren't the published model's
 * @throws UserInputError for names that are more or fewer than the network takes, or the same twice
 */
export function describeSample(file: string, config: NetworkConfig, names: SampleNames): DescribedSample {
  const { imageSize, answer } = config;
  if (names.sigma !== undefined && answer !== 'uncertain') {
    throw new UserInputError(
      `${file}: an uncertainty was named (--sigma), but the network answers ${answer ?? 'one redshift'}`,
    );
  }
  if (names.grid !== undefined && answer !== 'density') {
    throw new UserInputError(`${file}: bins were given (--grid), but the network answers ${answer ?? 'one redshift'}`);
  }
  const bands = bandsOf(file, config, names);
  const features = featuresOf(file, config, bands, names);
  const { image = {}, truth = ASTROMAE.truth } = names;
  const usual =
    truth === ASTROMAE.truth &&
    image.fit === undefined &&
    image.scaling === undefined &&
    imageSize === ASTROMAE.image.side &&
    isSame(bands, ASTROMAE.image.bands) &&
    (features.length === 0 || isSame(features, ASTROMAE.features));
  if (usual && answer === undefined) return { metadata: {}, assumptions: [] };
  const spec = {
    inputs: { image: { bands, side: imageSize, ...image }, features },
    outputs: [outputOf(file, config, names)],
    truth,
  };
  parseAs(modelSpecSchema, spec, `what ${file} takes and answers`);
  return {
    metadata: { [MODEL_SPEC_KEY]: JSON.stringify(spec) },
    assumptions: names.bands
      ? []
      : [
          `bands ${bands.join(', ')} in this order${features.length > 0 ? `, and ${features.join(', ')} beside them` : ''}`,
        ],
  };
}

function bandsOf(file: string, { bands }: NetworkConfig, names: SampleNames): readonly string[] {
  const found = names.bands ?? (bands === ASTROMAE.image.bands.length ? ASTROMAE.image.bands : undefined);
  if (found === undefined) {
    throw new MissingHyperparameterError(file, `the names of its ${bands} bands`, 'give them (--bands g,r,z)');
  }
  return counted(file, found, bands, 'bands');
}

function featuresOf(
  file: string,
  { magnitudes }: NetworkConfig,
  bands: readonly string[],
  names: SampleNames,
): readonly string[] {
  const taken = magnitudes?.[0];
  // Of a network that looks at images alone they are the columns that go into its predictions, if any.
  if (taken === undefined) return names.features ?? [];
  const usual = bands.map((band) => `mag_${band}`);
  const found = names.features ?? (taken === usual.length ? usual : undefined);
  if (found === undefined) {
    throw new MissingHyperparameterError(
      file,
      `the names of the ${taken} numbers beside the image`,
      'give them (--features g,r,z)',
    );
  }
  return counted(file, found, taken, 'features');
}

function counted<Item>(file: string, names: readonly Item[], count: number, what: string): readonly Item[] {
  if (names.length !== count) {
    throw new UserInputError(
      `${file}: the network has ${count} ${what}; ${names.length} were named (${names.join(', ')})`,
    );
  }
  return names;
}

function outputOf(file: string, config: NetworkConfig, { grid, sigma }: SampleNames): object {
  const name = outputName(config);
  const width = answerWidth(config);
  switch (config.answer) {
    case undefined:
      return { name, kind: 'value' };
    case 'uncertain':
      return { name, kind: 'value+sigma', sigma_is: sigma };
    case 'features':
      return { name, kind: 'vector', length: width };
    case 'density':
      if (grid === undefined) {
        throw new MissingHyperparameterError(
          file,
          `the redshifts that its ${width} bins cover`,
          'give the first and the last (--grid 0:0.4)',
        );
      }
      return {
        name,
        kind: 'density',
        grid: counted(file, edges(grid, width), width + 1, 'edges of bins'),
        scores: 'probabilities',
      };
  }
}

/** Edges of bins of one width, to 12 digits: 0.1 and not 0.30000000000000004 / 3; or those that were given, which the spec's rules are for. */
function edges(given: readonly number[], bins: number): readonly number[] {
  const [from = NaN, to = NaN, ...more] = given;
  if (more.length > 0) return given;
  return Array.from({ length: bins + 1 }, (_, index) => Number((from + ((to - from) * index) / bins).toPrecision(12)));
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.join() === right.join();
}
