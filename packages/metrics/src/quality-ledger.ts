import {
  QUALITY_FLAG_NAMES,
  QUALITY_FLAGS,
  type Flagged,
  type PredictionScores,
  type RedshiftHistogram,
} from '@cosmicai/payload';
import {
  PredictionMetrics,
  readMetrics,
  writeMetrics,
  type KeptMetrics,
  type PredictionMetricsOptions,
} from './prediction-metrics.ts';
import type { ByteReader } from './reduction/byte-reader.ts';
import type { ByteWriter } from './reduction/byte-writer.ts';
import {
  readDistribution,
  RedshiftDistribution,
  writeDistribution,
  type KeptDistribution,
} from './redshift-distribution.ts';

export interface LedgerScores {
  /** Over all galaxies with a usable truth. */
  readonly prediction_scores: PredictionScores;
  /** Over those of them without any flag. */
  readonly prediction_scores_unflagged: PredictionScores;
  readonly flagged: Flagged;
  /** Galaxies that came without a true redshift, and N(z) of the predictions of all; absent where all had one. */
  readonly without_truth?: number;
  readonly redshift_histogram?: RedshiftHistogram;
  /** Galaxies of which something else than a redshift was predicted; absent where there are none. */
  readonly without_redshift?: number;
  /** Of them by class, where it was one. */
  readonly class_counts?: Readonly<Record<string, number>>;
}

/** A ledger as files hold it. */
export interface KeptLedger {
  readonly galaxies: number;
  readonly flagged: number;
  readonly withoutTruth: number;
  readonly withoutRedshift: number;
  /** Of each bit of QUALITY_FLAGS. */
  readonly byBit: readonly number[];
  readonly classes: readonly (readonly [label: string, galaxies: number])[];
  readonly distribution: KeptDistribution;
  readonly unflagged: KeptMetrics;
  readonly withFlags: KeptMetrics;
}

/** Counts the galaxies of a rank or a run by what may be wrong with them, and scores them with and without those. */
export class QualityLedger {
  readonly #options: PredictionMetricsOptions;
  readonly #unflagged: PredictionMetrics;
  readonly #withFlags: PredictionMetrics;
  readonly #byBit = new Float64Array(QUALITY_FLAG_NAMES.length);
  #galaxies = 0;
  #flagged = 0;
  #withoutTruth = 0;
  #withoutRedshift = 0;
  readonly #classes = new Map<string, number>();
  readonly #distribution = new RedshiftDistribution();

  constructor(options: PredictionMetricsOptions = {}) {
    this.#options = options;
    this.#unflagged = new PredictionMetrics(options);
    this.#withFlags = new PredictionMetrics(options);
  }

  /**
   * @param zSpec null: nobody knows it, which is no fault of the galaxy and counts towards no metric
   * @param flags bits of QUALITY_FLAGS
   */
  add(zSpec: number | null, zPred: number, flags: number): void {
    const truth = (flags & QUALITY_FLAGS.truth_unusable.bit) === 0 ? (zSpec ?? NaN) : NaN;
    this.#galaxies++;
    if (zSpec === null) this.#withoutTruth++;
    this.#distribution.add(zPred);
    (flags === 0 ? this.#unflagged : this.#withFlags).add(truth, zPred);
    this.#countFlags(flags);
  }

  /** A galaxy of which something else than a redshift is predicted. @param label its class, where it is one; '' where there is none */
  addOther(flags: number, label?: string): void {
    this.#galaxies++;
    this.#withoutRedshift++;
    if (label !== undefined) this.#classes.set(label, (this.#classes.get(label) ?? 0) + 1);
    this.#countFlags(flags);
  }

  #countFlags(flags: number): void {
    if (flags === 0) return;
    this.#flagged++;
    for (const [at, name] of QUALITY_FLAG_NAMES.entries()) {
      if ((flags & QUALITY_FLAGS[name].bit) !== 0) this.#byBit[at] = (this.#byBit[at] ?? 0) + 1;
    }
  }

  /**
   * All are of the same galaxies, in the same order.
   *
   * @param zSpec null: nobody knows them
   * @param zPred null: something else was predicted
   * @param labels classes, where they were predicted
   */
  addAll(
    zSpec: ArrayLike<number> | null,
    zPred: ArrayLike<number> | null,
    flags: ArrayLike<number>,
    labels?: readonly string[],
  ): void {
    if (zPred === null) {
      for (let at = 0; at < flags.length; at++) this.addOther(Number(flags[at]), labels?.[at]);
      return;
    }
    const known = zSpec?.length ?? zPred.length;
    if (known !== zPred.length || known !== flags.length) {
      throw new RangeError(`${known} redshifts, ${zPred.length} predictions, ${flags.length} flags`);
    }
    for (let at = 0; at < known; at++) this.add(zSpec && Number(zSpec[at]), Number(zPred[at]), Number(flags[at]));
  }

  /** Takes in what a file holds. */
  absorb(kept: KeptLedger): void {
    this.#galaxies += kept.galaxies;
    this.#flagged += kept.flagged;
    this.#withoutTruth += kept.withoutTruth;
    this.#withoutRedshift += kept.withoutRedshift;
    for (const [at, count] of kept.byBit.entries()) this.#byBit[at] = (this.#byBit[at] ?? 0) + count;
    for (const [label, count] of kept.classes) this.#classes.set(label, (this.#classes.get(label) ?? 0) + count);
    this.#distribution.absorb(kept.distribution);
    this.#unflagged.absorb(kept.unflagged);
    this.#withFlags.absorb(kept.withFlags);
  }

  /** For a file. */
  kept(): KeptLedger {
    return {
      galaxies: this.#galaxies,
      flagged: this.#flagged,
      withoutTruth: this.#withoutTruth,
      withoutRedshift: this.#withoutRedshift,
      byBit: [...this.#byBit],
      classes: this.#classCounts(),
      distribution: this.#distribution.kept(),
      unflagged: this.#unflagged.kept(),
      withFlags: this.#withFlags.kept(),
    };
  }

  /** Whether the residuals themselves are there, and not only their sketch. */
  get areExact(): boolean {
    return this.#unflagged.areExact && this.#withFlags.areExact;
  }

  #classCounts(): [string, number][] {
    return [...this.#classes].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Of all galaxies with a usable truth: what ranks reduce over FMI. Made anew at each call, of parts that are exact. */
  get metrics(): PredictionMetrics {
    return new PredictionMetrics(this.#options).merge(this.#unflagged, this.#withFlags);
  }

  finish(): LedgerScores {
    const counts = QUALITY_FLAG_NAMES.map((name, at) => [name, this.#byBit[at] ?? 0] as const);
    return {
      prediction_scores: this.metrics.finish(),
      prediction_scores_unflagged: this.#unflagged.finish(),
      flagged: { galaxies: this.#flagged, by_flag: Object.fromEntries(counts.filter(([, count]) => count > 0)) },
      ...(this.#withoutTruth > 0 && {
        without_truth: this.#withoutTruth,
        redshift_histogram: this.#distribution.finish(),
      }),
      ...(this.#withoutRedshift > 0 && { without_redshift: this.#withoutRedshift }),
      ...(this.#classes.size > 0 && {
        class_counts: Object.fromEntries(this.#classCounts()),
      }),
    };
  }

  /** Galaxies that count towards the metrics. */
  get counted(): number {
    return this.#unflagged.count + this.#withFlags.count;
  }

  get galaxies(): number {
    return this.#galaxies;
  }
}

export function writeLedger(writer: ByteWriter, kept: KeptLedger): void {
  for (const value of [kept.galaxies, kept.flagged, kept.withoutTruth, kept.withoutRedshift]) writer.whole(value);
  writer.whole(kept.byBit.length);
  for (const count of kept.byBit) writer.whole(count);
  writer.whole(kept.classes.length);
  for (const [label, count] of kept.classes) {
    writer.text(label);
    writer.whole(count);
  }
  writeDistribution(writer, kept.distribution);
  writeMetrics(writer, kept.unflagged);
  writeMetrics(writer, kept.withFlags);
}

/** @throws UnusableFileError */
export function readLedger(reader: ByteReader): KeptLedger {
  const [galaxies, flagged] = [reader.whole(), reader.whole()];
  const [withoutTruth, withoutRedshift] = [reader.whole(), reader.whole()];
  const byBit = Array.from({ length: reader.length(1) }, () => reader.whole());
  if (byBit.length > QUALITY_FLAG_NAMES.length)
    reader.fail(`it counts ${byBit.length} flags, of which there are fewer`);
  const classes = Array.from({ length: reader.length(2) }, () => [reader.text(), reader.whole()] as const);
  const distribution = readDistribution(reader);
  const [unflagged, withFlags] = [readMetrics(reader), readMetrics(reader)];
  return { galaxies, flagged, withoutTruth, withoutRedshift, byBit, classes, distribution, unflagged, withFlags };
}

/** Why results with so many flags aren't good enough; undefined: they are. `error` is a name that state machines can match on. */
export function qualityFailure(
  { flagged, samples }: { readonly flagged: Flagged; readonly samples: number },
  maxFlaggedPercent: number,
): { readonly error: string; readonly cause: string } | undefined {
  const lost = flagged.by_flag.prediction_not_finite ?? 0;
  if (samples > 0 && lost === samples) {
    return {
      error: 'NoFinitePrediction',
      cause: `The model answered no finite number for any of ${samples} galaxies. Check that it is the model for these data: cosmicai model inspect.`,
    };
  }
  const percent = samples === 0 ? 0 : (100 * flagged.galaxies) / samples;
  if (percent <= maxFlaggedPercent) return undefined;
  return {
    error: 'TooManyFlagged',
    cause: `${flagged.galaxies} of ${samples} galaxies (${percent.toPrecision(3)} %) are flagged, more than max_flagged (${maxFlaggedPercent} %) allows: ${describeFlags(flagged)}.`,
  };
}

/** `12 image_blank, 3 prediction_not_finite`, the most frequent first. */
export function describeFlags({ by_flag: byFlag }: Flagged): string {
  return Object.entries(byFlag)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}
