import { isAstromae, type TakenColumn } from '@cosmicai/payload';
import type { LoadedModel } from '../model/open-model.ts';
import type { PartitionChecks } from './partition-checks.ts';
import { namesFindings } from './object-names.ts';
import { photometryFindings } from './photometry-findings.ts';

/** What the partitions as a whole look like: one sentence for each thing that looks like a mistake or that can't be told. */
export interface DataFindings {
  readonly warnings: readonly string[];
  readonly notChecked: readonly string[];
}

const UNKNOWN_RANGES =
  'Whether magnitudes and predictions lie in the range that the model was trained on: the model doesn’t tell it (measure it with: cosmicai model profile).';

const OTHER_PHOTOMETRY =
  'Whether images and magnitudes fit each other: that is known of the five bands of SDSS, 32 pixels wide, and their magnitudes alone.';

/** A partition that was read. */
export interface PartitionSeen {
  /** Key or path of the partition. */
  readonly partition: string;
  /** Its galaxies. */
  readonly count: number;
  /** Why the file wasn't checked for damage, if it wasn't. */
  readonly unchecked?: string | undefined;
  /** What was taken down of the images. */
  readonly checks?: Pick<PartitionChecks, 'photometry' | 'names'>;
  /** Which of its columns were taken for what. */
  readonly taken?: readonly TakenColumn[];
  /** What is in its data and not in its samples, or not as it should be. */
  readonly notes?: readonly string[];
}

/** What galaxies were predicted with, where it is known. */
interface FoundWith {
  readonly predictor?: Pick<LoadedModel['predictor'], 'contract'>;
}

/** What there is to say about partitions and their model beyond the flags of galaxies. */
export function findingsOf(
  partitions: readonly PartitionSeen[],
  { trained, warnings, predictor }: Pick<LoadedModel, 'trained' | 'warnings'> & FoundWith,
): DataFindings {
  const empty = partitions.filter(({ count }) => count === 0).map(({ partition }) => partition);
  const photometry = photometryFindings(
    partitions.flatMap(({ partition, checks }) =>
      checks === undefined ? [] : [{ partition, photometry: checks.photometry }],
    ),
  );
  return {
    warnings: [
      ...warnings,
      ...partitions.flatMap(({ notes = [] }) => notes),
      ...(empty.length > 0 ? [`There are no galaxies in ${empty.join(', ')}.`] : []),
      ...namesFindings(
        partitions.flatMap(({ partition, checks }) =>
          checks === undefined ? [] : [{ partition, names: checks.names }],
        ),
      ),
      ...photometry.warnings,
    ],
    notChecked: [
      ...(trained === undefined ? [UNKNOWN_RANGES] : []),
      ...partitions.flatMap(({ partition, unchecked }) =>
        unchecked === undefined ? [] : [`Whether ${partition} is damaged: ${unchecked}`],
      ),
      ...photometry.notChecked,
      ...(predictor === undefined || isAstromae(predictor.contract.spec) ? [] : [OTHER_PHOTOMETRY]),
    ],
  };
}
