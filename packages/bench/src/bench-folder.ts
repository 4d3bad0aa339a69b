import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseJsonAs, withFormat } from '@cosmicai/payload';
import { makeNamedFolder, writeNamedFile } from '@cosmicai/store';
import { analyseBench } from './analysis.ts';
import { benchRunSchema, type BenchReport, type BenchRun } from './bench-run.ts';
import { performanceTable } from './performance-table.ts';
import { nameOf, type SweepRun } from './sweep.ts';

/** The sweep as data; what `report` reads. */
export const BENCH_FILE = 'bench.json';

/** Folder of a sweep: one file per finished run, so that a sweep that was stopped goes on where it was. */
export class BenchFolder {
  readonly #path: string;
  readonly #runs: string;

  /** @param place of the sweep's target: the runs of one are never taken for those of another */
  constructor(path: string, place?: string) {
    this.#path = path;
    this.#runs = join(path, place === undefined ? 'runs' : `runs-${place}`);
  }

  /** The run's row if it is finished. */
  async finished(run: SweepRun): Promise<BenchRun | undefined> {
    const file = this.#fileOf(run);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    // The file's own format, not the row's: those of other runs have none.
    const { format: _, ...row } = parseJsonAs(benchRunSchema, text, file);
    return row;
  }

  async keep(run: BenchRun): Promise<void> {
    await this.#write(this.#fileOf(run), JSON.stringify(withFormat(run), null, 1));
  }

  /** Writes the tables, the analysis and the page of all runs so far. @param pageOf report.html */
  async conclude(report: BenchReport, pageOf: (report: BenchReport) => Promise<string>): Promise<void> {
    await this.#write(join(this.#path, BENCH_FILE), JSON.stringify(withFormat(report), null, 1));
    await this.#write(join(this.#path, 'performance_table.csv'), performanceTable(report.runs));
    await this.#write(
      join(this.#path, 'performance_analysis.json'),
      JSON.stringify(withFormat(analyseBench(report.runs, report.seed)), null, 1),
    );
    await this.#write(join(this.#path, 'report.html'), await pageOf(report));
  }

  #fileOf(run: SweepRun): string {
    return join(this.#runs, `${nameOf(run)}.json`);
  }

  async #write(file: string, text: string): Promise<void> {
    await makeNamedFolder(dirname(file), 'The sweep');
    await writeNamedFile(file, 'The sweep', text);
  }
}
