import { pricesOf, type Prices } from '@cosmicai/metrics';
import type { Quote } from '@cosmicai/quote';
import { UserInputError } from '@cosmicai/payload';
import pMap from 'p-map';
import { benchReportOfRuns } from './bench/of-runs.ts';
import { analysisPage, runPage, sweepPage, type Page } from './page.ts';
import { readResult } from './results/read-result.ts';
import type { ResultSource } from './results/result-sources.ts';
import { runsIn, titleOf, type NamedResult } from './results/runs-in.ts';

/** What the command line adds to what is reported on. */
export interface Additions {
  readonly quote?: Quote;
  readonly prices?: Prices;
}

export const ONE_RUN =
  '--quote is held against one run; there are several here. Give the folder of the run that was quoted.';

const CONCURRENT_READS = 16;

/** Every file must hold a result. @throws UserInputError when one doesn't */
export function readAll(sources: readonly ResultSource[]): Promise<NamedResult[]> {
  return pMap(sources, readResult, { concurrency: CONCURRENT_READS });
}

/** What is in a tree may be somebody else's; what holds no result is told. @throws UserInputError when none does */
export async function readThoseThatHold(
  sources: readonly ResultSource[],
): Promise<{ files: NamedResult[]; warnings: string[] }> {
  const failed: UserInputError[] = [];
  const read = async (source: ResultSource) => {
    try {
      return [await readResult(source)];
    } catch (error) {
      if (!(error instanceof UserInputError)) throw error;
      failed.push(error);
      return [];
    }
  };
  const files = (await pMap(sources, read, { concurrency: CONCURRENT_READS })).flat();
  if (files.length === 0 && failed[0] !== undefined) throw failed[0];
  return { files, warnings: failed.map(({ message }) => message) };
}

/** A page of result files: of one run, or of several that are compared. */
export function pageOfFiles(
  files: readonly NamedResult[],
  additions: Additions,
  warnings: readonly string[] = [],
): Page {
  const about = { title: titleOf(files), generatedAt: new Date().toISOString() };
  const [one] = files;
  if (files.length === 1 && (one?.file.kind === 'sweep' || one?.file.kind === 'analysis')) {
    if (additions.quote !== undefined) throw new UserInputError(ONE_RUN);
    return one.file.kind === 'sweep' ? sweepPage(one.file.report) : analysisPage(one.file.analysis, about);
  }
  const runs = runsIn(files, { generatedAt: about.generatedAt, prices: pricesOf(), ...additions });
  const [run] = runs;
  if (runs.length === 1 && run !== undefined)
    return runPage({ ...run.report, warnings: [...run.report.warnings, ...warnings] });
  if (additions.quote !== undefined) throw new UserInputError(ONE_RUN);
  const compared = benchReportOfRuns(runs, about);
  return sweepPage({ ...compared, warnings: [...compared.warnings, ...warnings] });
}
