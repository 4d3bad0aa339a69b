import { groupBy, PIECES_KEPT } from '@cosmicai/payload';
import { getIfThere, type ObjectStore } from '@cosmicai/store';
import { decodePiece, encodePiece, type Piece, type Segment } from './piece-file.ts';

/** A rank that is over sooner than this is done anew rather than kept in pieces, and no piece follows another sooner than that. */
export interface Pace {
  readonly keptFromMs: number;
  readonly everyMs: number;
}

export const PACE: Pace = { keptFromMs: 1000 * PIECES_KEPT.fromSeconds, everyMs: 1000 * PIECES_KEPT.everySeconds };

/** Pieces that are read at once: an attempt of a function leaves no more than 30. */
const READ_AT_ONCE = 16;

/** Where a rank's pieces lie. */
export interface PiecesPlace {
  readonly store: ObjectStore;
  /** What keys of the rank's pieces begin with; a number follows. */
  readonly prefix: string;
  /** Is told what can't be read, kept or removed: the rank goes on without it. */
  readonly warn: (warning: string) => void;
}

export interface RankPiecesOptions extends PiecesPlace {
  /** Numbers in the answer for a galaxy. */
  readonly width: number;
  /** What answers depend on besides the partitions; pieces of anything else are of no use. */
  readonly madeBy: string;
  /** Monotonic clock in milliseconds. */
  readonly monotonic: () => number;
  readonly pace?: Pace | undefined;
}

/** What earlier attempts left, and how many pieces there are. */
export interface FoundPieces {
  /** Those that are whole. */
  readonly pieces: readonly Piece[];
  readonly count: number;
}

/** Reads what earlier attempts of a rank left; where there is nothing, with one request. */
export async function findPieces(place: PiecesPlace): Promise<FoundPieces> {
  const pieces: Piece[] = [];
  let count = 0;
  await unlessRefused(place, 'read', async () => {
    for (let many = 1, whole = true; whole; many = READ_AT_ONCE) {
      const numbers = Array.from({ length: many }, (_, at) => count + at);
      const files = await Promise.all(numbers.map((number) => getIfThere(place.store, `${place.prefix}${number}`)));
      const there = files.findIndex((file) => file === undefined);
      whole = there < 0;
      count += whole ? many : there;
      pieces.push(...files.flatMap((file) => (file && decodePiece(file)) ?? []));
    }
  });
  return { pieces, count };
}

/**
 * What a rank has predicted, kept beside its run's files from time to time, so that another attempt needn't do it again. Pieces
 * say what they hold and of which versions, so it doesn't matter which attempt wrote them: a late one, that somebody believes
 * dead, adds pieces and can't replace any. What is damaged, or of another model or partition, counts for nothing.
 */
export class RankPieces {
  readonly #options: RankPiecesOptions;
  readonly #pace: Pace;
  readonly #found: readonly Piece[];
  /** By the place of their partition. */
  readonly #segments: ReadonlyMap<number, readonly Segment[]>;
  /** Number of the next piece. */
  #next: number;
  #pending: Segment[] = [];
  #lastWritten: number;

  constructor(options: RankPiecesOptions, { pieces, count }: FoundPieces) {
    this.#options = options;
    this.#pace = options.pace ?? PACE;
    this.#found = pieces.filter((piece) => piece.made_by === options.madeBy);
    this.#segments = groupBy(
      this.#found.flatMap((piece) => piece.segments),
      ({ place }) => place,
    );
    this.#next = count;
    this.#lastWritten = options.monotonic();
  }

  /** Attempts that ended because their time did. */
  get leftOff(): number {
    return this.#found.filter((piece) => piece.left_off).length;
  }

  /** Milliseconds of reading and inference that earlier attempts took for what is kept. */
  get spentMs(): number {
    return this.#found.reduce((sum, { spent_ms: spent }) => sum + spent, 0);
  }

  /** What is known of galaxies [from, from + count) of a version of a partition; undefined unless all of it is. */
  answersFor(
    { place, size, etag }: Pick<Segment, 'place' | 'size' | 'etag'>,
    from: number,
    count: number,
  ): Float32Array | undefined {
    const { width } = this.#options;
    const segments = (this.#segments.get(place) ?? []).filter((each) => each.size === size && each.etag === etag);
    const answers = new Float32Array(count * width);
    for (let at = from; at < from + count;) {
      const holder = at;
      const part = segments.find((each) => each.from <= holder && holder < each.from + each.answers.length / width);
      if (part === undefined) return undefined;
      const known = part.answers.subarray((at - part.from) * width).subarray(0, (from + count - at) * width);
      answers.set(known, (at - from) * width);
      at += known.length / width;
    }
    return answers;
  }

  /**
   * Takes what was predicted, in order, and writes a piece where one is due.
   *
   * @param expectedMs what the rank is expected to take; undefined as long as nobody knows
   */
  async add(segment: Segment, expectedMs: number | undefined): Promise<void> {
    this.#pending.push(segment);
    const due = this.#options.monotonic() - this.#lastWritten >= this.#pace.everyMs;
    if (due && (expectedMs ?? 0) >= this.#pace.keptFromMs) await this.#write(false);
  }

  /** Writes what isn't written yet, as this attempt ends because its time does. */
  async leaveOff(): Promise<void> {
    await this.#write(true);
  }

  /** Removes all pieces of the rank, those of other attempts too. */
  async clear(): Promise<void> {
    // Most ranks have none.
    if (this.#next === 0) return;
    await unlessRefused(this.#options, 'removed', () => this.#options.store.deletePrefix(this.#options.prefix));
  }

  async #write(leftOff: boolean): Promise<void> {
    const { madeBy, monotonic, width } = this.#options;
    const segments = joined(this.#pending, width);
    const now = monotonic();
    const bytes = encodePiece({ made_by: madeBy, left_off: leftOff, spent_ms: now - this.#lastWritten, segments });
    this.#pending = [];
    this.#lastWritten = now;
    await unlessRefused(this.#options, 'kept', () => this.#put(bytes));
  }

  /** Under the first number that nobody has: another attempt may be at work, too. */
  async #put(bytes: Uint8Array): Promise<void> {
    const { store, prefix } = this.#options;
    while (!(await store.putIfAbsent(`${prefix}${this.#next++}`, bytes)));
  }
}

/** Pieces save time, and are worth no failure of a rank. */
async function unlessRefused({ warn }: PiecesPlace, what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    warn(`Pieces of its predictions can't be ${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Batches that follow each other in a partition as one segment. */
function joined(segments: readonly Segment[], width: number): Segment[] {
  const runs: { first: Segment; parts: Float32Array[]; end: number }[] = [];
  for (const segment of segments) {
    const run = runs.at(-1);
    const follows = run?.first.place === segment.place && run.first.etag === segment.etag && run.end === segment.from;
    if (run !== undefined && follows) {
      run.parts.push(segment.answers);
      run.end += segment.answers.length / width;
    } else {
      runs.push({ first: segment, parts: [segment.answers], end: segment.from + segment.answers.length / width });
    }
  }
  return runs.map(({ first, parts, end }) => {
    const answers = new Float32Array((end - first.from) * width);
    let at = 0;
    for (const part of parts) {
      answers.set(part, at);
      at += part.length;
    }
    return { ...first, answers };
  });
}
