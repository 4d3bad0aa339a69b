import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  benchReportSchema,
  pricesOf,
  pricesSchema,
  quoteSchema,
  type BenchReport,
  type Prices,
  type Quote,
} from '@cosmicai/metrics';
import { parseJsonAs, runSummarySchema, UserInputError } from '@cosmicai/payload';
import {
  assembleRunReport,
  benchReportHtml,
  benchReportOfRuns,
  benchReportPlots,
  runReportHtml,
  runReportPlots,
  type RunReport,
} from '@cosmicai/report';
import { openStore } from '@cosmicai/store';
import { Command } from 'commander';
import { z } from 'zod';
import { resultsLocation } from '../inputs/files.ts';
import { readJson } from '../inputs/json-file.ts';
import { pricesOption } from '../inputs/options.ts';
import { printJson, printLine, type Terminal } from '../output/terminal.ts';
import { BENCH_FILE } from '../bench/bench-folder.ts';
import { findExecution, gatherRun } from '../report/gather-run.ts';

interface ReportOptions {
  readonly out: string;
  readonly plots?: string;
  readonly quote?: string;
  readonly prices?: string;
  readonly json?: boolean;
}

export function reportCommand(terminal: Terminal): Command {
  return new Command('report')
    .description(
      'Writes report.html for a results folder (its newest run), a run folder, a bench folder, or result files of any generation (combined_data.json, <rank>.json); several combined_data.json are compared.',
    )
    .argument('<what...>', 'results, run or bench folder, s3:// address of one, or JSON files')
    .option('-o, --out <file>', 'HTML file to write', 'report.html')
    .option('--plots <folder>', 'also write every plot as SVG and PNG')
    .option(
      '--quote <file>',
      'hold this quote (cosmicai quote --json) against the run; default: the one that lies in its folder',
    )
    .addOption(pricesOption())
    .option('--json', 'print what the report is made of as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai report results\n  cosmicai report results --quote quote.json\n  cosmicai report old/combined_data.json -o old.html --plots plots\n',
    )
    .action((what: string[], options: ReportOptions) => report(what, options, terminal));
}

interface Page {
  readonly content: unknown;
  readonly html: () => Promise<string>;
  readonly plots: () => Promise<Map<string, { svg: string; png: Buffer }>>;
}

async function report(what: readonly string[], options: ReportOptions, terminal: Terminal): Promise<void> {
  const named = (file: string | undefined) => (file === undefined ? undefined : resolve(terminal.cwd, file));
  const page = await pageOf(what, await read(named(options.quote), named(options.prices)), terminal);
  const out = resolve(terminal.cwd, options.out);
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, await page.html());
  if (options.plots !== undefined) {
    const folder = resolve(terminal.cwd, options.plots);
    await mkdir(folder, { recursive: true });
    for (const [name, { svg, png }] of await page.plots()) {
      await writeFile(join(folder, `${name}.svg`), svg);
      await writeFile(join(folder, `${name}.png`), png);
    }
  }
  if (options.json) printJson(terminal, page.content);
  else
    printLine(
      terminal.stdout,
      `Written to ${out}${options.plots === undefined ? '' : `, plots to ${resolve(terminal.cwd, options.plots)}`}`,
    );
}

/** What the command line adds to what is reported on. */
interface Additions {
  readonly quote?: Quote;
  readonly prices?: Prices;
}

async function read(quote: string | undefined, prices: string | undefined): Promise<Additions> {
  return {
    ...(quote !== undefined && { quote: await readJson(quote, quoteSchema) }),
    ...(prices !== undefined && { prices: await readJson(prices, pricesSchema) }),
  };
}

async function pageOf(what: readonly string[], additions: Additions, terminal: Terminal): Promise<Page> {
  if (what.every((path) => path.endsWith('.json'))) return pageOfFiles(what, additions, terminal);
  if (what.length > 1) throw new UserInputError('Give one folder, or JSON files only.');
  const folder = what[0]!;
  if (!folder.includes('://')) {
    const path = resolve(terminal.cwd, folder);
    if (!(await exists(path))) throw new UserInputError(`There is no folder ${path}.`);
    const sweep = join(path, BENCH_FILE);
    if (await exists(sweep)) {
      if (additions.quote !== undefined) throw new UserInputError(ONE_RUN);
      return benchPage(parseJsonAs(benchReportSchema, await readFile(sweep, 'utf8'), sweep));
    }
  }
  return runPage(await reportOfRun(folder, additions, terminal));
}

function runPage(content: RunReport): Page {
  for (const sentence of content.notUnderstood) content.warnings.push(`Not understood: ${sentence}`);
  return { content, html: () => runReportHtml(content), plots: () => runReportPlots(content) };
}

function benchPage(content: BenchReport): Page {
  return { content, html: () => benchReportHtml(content), plots: () => benchReportPlots(content) };
}

/** Result files of any generation. Files that each hold all ranks of a run are compared; single ranks make up one run. */
async function pageOfFiles(paths: readonly string[], additions: Additions, terminal: Terminal): Promise<Page> {
  const files = await Promise.all(
    paths.map(async (path) => ({ name: basename(path), results: await readResults(resolve(terminal.cwd, path)) })),
  );
  const generatedAt = new Date().toISOString();
  const reportOf = (title: string, results: readonly unknown[]) =>
    assembleRunReport({ title, generatedAt, results, prices: pricesOf(), ...additions });
  const title = files.map(({ name }) => name).join(', ');
  if (files.length === 1 || files.some(({ results }) => !Array.isArray(results))) {
    return runPage(
      reportOf(
        title,
        files.flatMap(({ results }) => results),
      ),
    );
  }
  if (additions.quote !== undefined) throw new UserInputError(ONE_RUN);
  const runs = files.map(({ name, results }) => ({ name, report: reportOf(name, [results].flat()) }));
  return benchPage(benchReportOfRuns(runs, { title, generatedAt }));
}

const ONE_RUN = '--quote is held against one run; there are several here. Give the folder of the run that was quoted.';

const resultsSchema = z.union([z.array(z.unknown()), z.looseObject({})], {
  error: 'the result of a rank, or a list of them',
});

function readResults(file: string): Promise<unknown> {
  return readJson(file, resultsSchema);
}

/** A run folder (`…/runs/<run_id>`) or a results folder, of which the newest summarized run is taken. */
async function reportOfRun(folder: string, { quote, prices }: Additions, terminal: Terminal): Promise<RunReport> {
  const inRuns = /^(.*)\/runs\/([^/]+)\/?$/.exec(
    folder.includes('://') ? folder : pathToFileURL(resolve(terminal.cwd, folder)).href,
  );
  const { bucket, resultPath } = resultsLocation(inRuns?.[1] ?? folder, terminal.cwd);
  const runId = inRuns?.[2] ?? (await newestRun(bucket, resultPath));
  const place = { bucket, resultPath, runId };
  const material = await gatherRun(place, await findExecution(place), prices);
  return assembleRunReport({ ...material, ...(quote !== undefined && { quote }) });
}

async function newestRun(bucket: string, resultPath: string): Promise<string> {
  const store = openStore(bucket);
  const published = `${resultPath}/summary.json`;
  if ((await store.head(published)) === undefined) {
    throw new UserInputError(`There is no finished run in ${bucket}/${resultPath}: it has no summary.json.`);
  }
  return parseJsonAs(runSummarySchema, (await store.get(published)).toString(), published).run_id;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
