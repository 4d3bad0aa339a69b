import { readLedger, QualityLedger, writeLedger, type KeptLedger, type LedgerScores } from '../quality-ledger.ts';
import type { KeptMetrics, PredictionMetricsOptions } from '../prediction-metrics.ts';
import { DEFAULT_EXACT_UP_TO } from '../residuals.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { CountGrid, readGrid, writeGrid, type Grid, type GridCounts } from './count-grid.ts';
import { readWorst, WorstGalaxies, writeWorst, type WorstGalaxy } from './worst-galaxies.ts';

/** Redshifts are below 20, as in N(z): 0.002 is half of a picture's point where all lie below 0.4. */
const REDSHIFT = { from: -1, width: 2 ** -9, cells: 21 * 2 ** 9 };
/** Of the median of dz in steps of z: finer along dz. */
const COARSE_REDSHIFT = { from: -1, width: 2 ** -8, cells: 21 * 2 ** 8 };
const RESIDUAL = { from: -8, width: 2 ** -10, cells: 2 ** 14 };

/** A reduction as files hold it. */
export interface KeptReduction {
  readonly ledger: KeptLedger;
  readonly redshifts: GridCounts;
  readonly residuals: GridCounts;
  readonly worst: readonly WorstGalaxy[];
}

/** What a report draws of a run's predictions. */
export interface ReducedPredictions {
  /** Predicted (y) against true (x) redshift. */
  readonly redshifts: Grid;
  /** dz (y) against true redshift (x). */
  readonly residuals: Grid;
  readonly worst: readonly WorstGalaxy[];
}

/** Galaxies one after the other in a partition. */
export interface ReducedSamples {
  readonly rank: number;
  readonly partition: string;
  /** Index of the first one in its partition. */
  readonly from: number;
  /** Null: nobody knows them. */
  readonly zSpec: ArrayLike<number> | null;
  /** Null: something else was predicted. */
  readonly zPred: ArrayLike<number> | null;
  /** Bits of QUALITY_FLAGS. */
  readonly flags: ArrayLike<number>;
  /** Classes, where they were predicted. */
  readonly labels?: readonly string[] | undefined;
}

/** A row of a file of predictions. */
export interface ReducedRow {
  readonly rank: number;
  readonly partition: string;
  readonly index: number;
  /** Null: nobody knows it. */
  readonly z_spec: number | null;
  /** Null: the model answers something else. */
  readonly z_pred: number | null;
  readonly class?: string;
  readonly flags: number;
}

/**
 * All that a run tells of its predictions beside the predictions themselves: scores and counts, N(z), predicted against true
 * redshifts and residuals as pictures, and the worst galaxies. Ranks reduce their own, and reductions are merged in any order
 * and grouping with the same outcome to the last bit.
 */
export class Reduction {
  readonly #exactUpTo: number;
  readonly #ledger: QualityLedger;
  readonly #redshifts = new CountGrid({ x: REDSHIFT, y: REDSHIFT });
  readonly #residuals = new CountGrid({ x: COARSE_REDSHIFT, y: RESIDUAL });
  readonly #worst = new WorstGalaxies();

  constructor({ exactUpTo = DEFAULT_EXACT_UP_TO }: PredictionMetricsOptions = {}) {
    this.#exactUpTo = exactUpTo;
    this.#ledger = new QualityLedger({ exactUpTo });
  }

  get galaxies(): number {
    return this.#ledger.galaxies;
  }

  get ledger(): QualityLedger {
    return this.#ledger;
  }

  /** Of one rank, in the order of its partitions. */
  addAll({ rank, partition, from, zSpec, zPred, flags, labels }: ReducedSamples): void {
    const place = this.galaxies;
    this.#ledger.addAll(zSpec, zPred, flags, labels);
    if (zSpec === null || zPred === null) return;
    for (let at = 0; at < zPred.length; at++)
      this.#draw(rank, place + at, partition, from + at, Number(zSpec[at]), Number(zPred[at]));
  }

  /** The next galaxy of a rank as its file of predictions has it. */
  addRow({ rank, partition, index, z_spec, z_pred, class: label, flags }: ReducedRow): void {
    const place = this.galaxies;
    if (z_pred === null) this.#ledger.addOther(flags, label);
    else this.#ledger.add(z_spec, z_pred, flags);
    if (z_spec !== null && z_pred !== null) this.#draw(rank, place, partition, index, z_spec, z_pred);
  }

  #draw(rank: number, place: number, partition: string, index: number, z_spec: number, z_pred: number): void {
    this.#redshifts.add(z_spec, z_pred);
    this.#residuals.add(z_spec, (z_pred - z_spec) / (1 + z_spec));
    if (this.#worst.takes(z_spec, z_pred)) this.#worst.add({ rank, place, partition, index, z_spec, z_pred });
  }

  /** Whether the residuals themselves are there, and not only their sketch. */
  get areExact(): boolean {
    return this.#ledger.areExact;
  }

  /** Whether what is to be taken in has too many galaxies for the residuals themselves to be kept. */
  #isTooMuch({ unflagged, withFlags }: KeptLedger): boolean {
    return this.#ledger.counted + unflagged.count + withFlags.count > this.#exactUpTo;
  }

  /** Whether this would stay exact with what a file holds if its residuals were read as well. */
  needsResiduals({ ledger }: KeptReduction): boolean {
    const { values } = ledger.unflagged.residuals;
    return this.areExact && values === undefined && !this.#isTooMuch(ledger);
  }

  /** Takes in what a file holds, whose residuals are nobody else's from then on. */
  absorb(kept: KeptReduction): void {
    const { unflagged, withFlags } = kept.ledger;
    const isTooMuch = this.#isTooMuch(kept.ledger);
    // Whether figures are exact must follow from all that is counted, not from how it is shared out or its order.
    this.#ledger.absorb(
      isTooMuch ? { ...kept.ledger, unflagged: sketched(unflagged), withFlags: sketched(withFlags) } : kept.ledger,
    );
    this.#redshifts.addCounts(kept.redshifts);
    this.#residuals.addCounts(kept.residuals);
    this.#worst.merge({ list: kept.worst });
  }

  /** For a file. */
  kept(): KeptReduction {
    return {
      ledger: this.#ledger.kept(),
      redshifts: this.#redshifts.counts(),
      residuals: this.#residuals.counts(),
      worst: this.#worst.list,
    };
  }

  /** Takes the other's galaxies in; the other stays as it is. */
  merge(other: Reduction): this {
    const kept = other.kept();
    const { unflagged, withFlags } = kept.ledger;
    this.absorb({ ...kept, ledger: { ...kept.ledger, unflagged: copied(unflagged), withFlags: copied(withFlags) } });
    return this;
  }

  scores(): LedgerScores {
    return this.#ledger.finish();
  }

  predictions(): ReducedPredictions {
    return { redshifts: this.#redshifts.finish(), residuals: this.#residuals.finish(), worst: this.#worst.list };
  }
}

function copied(kept: KeptMetrics): KeptMetrics {
  const { sketch, values } = kept.residuals;
  return { ...kept, residuals: { sketch, ...(values && { values: values.slice() }) } };
}

function sketched(kept: KeptMetrics): KeptMetrics {
  return { ...kept, residuals: { sketch: kept.residuals.sketch } };
}

export function writeReduction(writer: ByteWriter, { ledger, redshifts, residuals, worst }: KeptReduction): void {
  writeLedger(writer, ledger);
  writeGrid(writer, redshifts);
  writeGrid(writer, residuals);
  writeWorst(writer, worst);
}

/** @throws UnusableFileError */
export function readReduction(reader: ByteReader): KeptReduction {
  const ledger = readLedger(reader);
  const [redshifts, residuals] = [readGrid(reader), readGrid(reader)];
  return { ledger, redshifts, residuals, worst: readWorst(reader) };
}
