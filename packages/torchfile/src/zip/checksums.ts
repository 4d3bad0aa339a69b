import { crc32 } from 'node:zlib';
import type { ByteSource } from '@cosmicai/store';
import { readExactly } from '../read-exactly.ts';
import { MalformedTorchFileError } from '../errors.ts';
import { dataStart, type ZipEntry } from './directory.ts';
import { RangeSum } from './range-sum.ts';

/** Read at a time where bytes are read for their sum alone. */
const CHUNK_BYTES = 4 * 1024 * 1024;
/** The rest of an entry up to this is read for its sum, or up to as much as was read of it anyway. */
const SMALL_REST_BYTES = 16 * 1024 * 1024;
/** Entries such as `version` and `byteorder`, which tell whether a file's sums are wrong throughout. */
const SMALL_ENTRY_BYTES = 4096;
const ENTRIES_TRIED = 8;

/** Takes the CRC-32 of entries while their bytes are read for something else. */
export interface PassingCheck {
  /** Tells of bytes of an entry from `from` on; entries of which nothing is told are not checked. */
  saw(entry: ZipEntry, from: number, bytes: Uint8Array): void;
  /**
   * Reads what is left of the entries where that is little and compares their sums.
   *
   * @returns names of the entries that could not be checked because too much of them was never asked for
   * @throws MalformedTorchFileError naming file and entry when a sum is wrong
   */
  finish(options?: { readonly signal?: AbortSignal }): Promise<readonly string[]>;
}

const NOTHING_CHECKED: PassingCheck = { saw: () => undefined, finish: async () => [] };

/** The CRC-32 of a file's entries. */
export class Checksums {
  readonly #source: ByteSource;
  readonly #entries: readonly ZipEntry[];
  readonly #enabled: boolean;

  /** @param wanted false: nothing is checked */
  constructor(source: ByteSource, entries: Iterable<ZipEntry>, wanted: boolean) {
    this.#source = source;
    this.#entries = [...entries];
    this.#enabled = wanted && this.present;
  }

  /** False for a file of torch.serialization.set_crc32_options(False), which leaves 0 in place of every sum. */
  get present(): boolean {
    return this.#entries.some((entry) => entry.crc32 !== 0);
  }

  /** Checks an entry that was read whole. @param start file offset of its data */
  async check(entry: ZipEntry, start: number, bytes: Uint8Array): Promise<void> {
    if (this.#enabled && crc32(bytes) !== entry.crc32) throw await this.#wrong(entry, start);
  }

  /** Begins to check what is read in pieces. Stored entries only. */
  passing(): PassingCheck {
    if (!this.#enabled) return NOTHING_CHECKED;
    const sums = new Map<ZipEntry, RangeSum>();
    return {
      saw(entry, from, bytes) {
        const sum = sums.get(entry) ?? new RangeSum(entry.size);
        sums.set(entry, sum);
        sum.add(from, bytes);
      },
      finish: async (options) => {
        const unchecked: string[] = [];
        for (const [entry, sum] of sums) {
          if (!(await this.#complete(entry, sum, options))) unchecked.push(entry.name);
          else if (sum.value !== entry.crc32) throw await this.#wrong(entry, await dataStart(this.#source, entry));
        }
        return unchecked;
      },
    };
  }

  /** Reads the bytes that a sum lacks; false when they are too many. */
  async #complete(entry: ZipEntry, sum: RangeSum, options?: { readonly signal?: AbortSignal }): Promise<boolean> {
    const missing = sum.missing();
    const rest = missing.reduce((total, { from, to }) => total + to - from, 0);
    if (rest > Math.max(SMALL_REST_BYTES, entry.size - rest)) return false;
    const start = rest > 0 ? await dataStart(this.#source, entry) : 0;
    for (const { from, to } of missing) {
      for (let at = from; at < to; at += CHUNK_BYTES) {
        const end = Math.min(to, at + CHUNK_BYTES);
        sum.add(at, await readExactly(this.#source, start + at, start + end, options));
      }
    }
    return true;
  }

  async #wrong(entry: ZipEntry, start: number): Promise<MalformedTorchFileError> {
    const remedy = (await this.#wrongThroughout())
      ? 'so are those of the other entries: the file was probably written with torch.serialization.set_crc32_options(False). ' +
        'Read on without sums with --no-crc (check_crc: false in a payload), or save it again with them'
      : 'the file was damaged when it was stored or copied. Copy it again from where it is sound';
    return new MalformedTorchFileError(
      this.#source.name,
      start,
      `the bytes of zip entry ${entry.name} don't fit their CRC-32; ${remedy}`,
    );
  }

  /** Whether even the small entries, which bit rot would hardly all hit, have wrong sums. */
  async #wrongThroughout(): Promise<boolean> {
    const small = this.#entries.filter(
      ({ method, size }) => method === 'stored' && size > 0 && size <= SMALL_ENTRY_BYTES,
    );
    let wrong = 0;
    for (const entry of small.slice(0, ENTRIES_TRIED)) {
      const start = await dataStart(this.#source, entry);
      if (crc32(await readExactly(this.#source, start, start + entry.size)) === entry.crc32) return false;
      wrong += 1;
    }
    return wrong > 1;
  }
}
