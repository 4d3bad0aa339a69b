import type { ModelSpec, ColumnChoice } from '@cosmicai/payload';
import { openGalaxies, type Galaxies, type GalaxySource } from '@cosmicai/samples';
import { notChecked, sayUnchecked } from '../output/not-checked.ts';
import { printLine, type Terminal } from '../output/terminal.ts';
import { sampleInputs } from './files.ts';
import { accessOf, type AccessOptions } from './options.ts';

interface PartitionOptions extends AccessOptions {
  readonly data: readonly string[];
  readonly crc: boolean;
  readonly columns?: ColumnChoice;
  /** What the model takes of a galaxy; default: what AstroMAE takes. */
  readonly spec?: ModelSpec;
}

/** The files and folders of galaxies that a command about models was given, and how much of each it has read. */
export class Partitions {
  readonly #sources: readonly GalaxySource[];
  readonly #isChecked: boolean;
  readonly #read = new Map<GalaxySource, number>();
  readonly #terminal: Terminal;

  private constructor(sources: readonly GalaxySource[], isChecked: boolean, terminal: Terminal) {
    this.#sources = sources;
    this.#isChecked = isChecked;
    this.#terminal = terminal;
  }

  /** Opens all of them before long work begins. @throws UserInputError, UnusableFileError of the first that can't be used */
  static async open(
    { data, crc, columns, spec, ...access }: PartitionOptions,
    terminal: Terminal,
  ): Promise<Partitions> {
    const { inputs, notes } = await sampleInputs(data, terminal.cwd, accessOf(access));
    for (const note of notes) printLine(terminal.stderr, note);
    const sources: GalaxySource[] = [];
    for (const input of inputs)
      sources.push(await openGalaxies(input, { checkCrc: crc, columns, ...(spec && { spec }) }));
    return new Partitions(sources, crc, terminal);
  }

  /** Their galaxies, once, file by file; whoever has enough leaves the loop. */
  async *batches(size: number, onBatch?: (batch: Galaxies, from: GalaxySource) => void): AsyncGenerator<Galaxies> {
    for (const source of this.#sources)
      for await (const batch of source.batches({ size, signal: this.#terminal.signal })) {
        this.#read.set(source, batch.from + batch.count);
        yield batch;
        onBatch?.(batch, source);
      }
  }

  /** Says of those that were read where damage would have gone unnoticed: sums are of whole files. */
  sayUnchecked(): void {
    for (const [source, read] of this.#read) {
      if (read === source.count) sayUnchecked(source, this.#terminal);
      else if (this.#isChecked) {
        const why = `only ${read} of its ${source.count} galaxies were needed, and its sums are of all`;
        printLine(this.#terminal.stderr, notChecked(source.name, why));
      }
    }
  }
}
