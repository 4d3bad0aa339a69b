import { dirname, join, resolve } from 'node:path';
import { BENCH_FILE } from '@cosmicai/bench';
import { pricesSchema } from '@cosmicai/metrics';
import { quoteSchema } from '@cosmicai/quote';
import { UserInputError } from '@cosmicai/payload';
import {
  type Additions,
  assembleRunReport,
  type NamedResult,
  type Page,
  pageOfFiles,
  readAll,
  readThoseThatHold,
  runPage,
  type RunReport,
  sourceAt,
  sourcesBelow,
  TAKEN,
} from '@cosmicai/report';
import { findExecution, findRun, newestFinished } from '@cosmicai/runs';
import { gatherRun } from '@cosmicai/runs/gather';
import {
  bucketAndPrefix,
  makeNamedFolder,
  openStore,
  readableAddress,
  type StoreAccess,
  writeNamedFile,
} from '@cosmicai/store';
import { Command } from 'commander';
import { readJson } from '../inputs/json-file.ts';
import { accessOf, pricesOption, withAccessOptions, type AccessOptions } from '../inputs/options.ts';
import { printJson, printLine, type Terminal } from '../output/terminal.ts';
import { VERSIONS } from '../output/versions.ts';

interface ReportOptions extends AccessOptions {
  readonly out: string;
  readonly plots?: string;
  readonly quote?: string;
  readonly prices?: string;
  readonly json?: boolean;
}

export function reportCommand(terminal: Terminal): Command {
  return withAccessOptions(new Command('report'))
    .description(
      'Writes report.html for a results folder (its newest run), a run folder, a bench folder, result files of any generation (combined_data.json, <rank>.json, what run, infer and bench print with --json), or a folder that holds such files somewhere below; several runs are compared.',
    )
    .argument('<what...>', 'results, run or bench folders, JSON files, or s3:// addresses of them')
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
      '\nExamples:\n  cosmicai report results\n  cosmicai report results --quote quote.json\n  cosmicai report old/combined_data.json -o old.html --plots plots\n  cosmicai report old    (every combined_data.json below it, compared)\n',
    )
    .action((what: string[], options: ReportOptions) => report(what, options, terminal));
}

async function report(what: readonly string[], options: ReportOptions, terminal: Terminal): Promise<void> {
  const named = (file: string | undefined) => (file === undefined ? undefined : resolve(terminal.cwd, file));
  const additions = await read(named(options.quote), named(options.prices));
  const page = await pageOf(what, additions, accessOf(options), terminal);
  const out = resolve(terminal.cwd, options.out);
  await makeNamedFolder(dirname(out), 'The report');
  await writeNamedFile(out, 'The report', await page.html());
  if (options.plots !== undefined) {
    const folder = resolve(terminal.cwd, options.plots);
    await makeNamedFolder(folder, 'Plots');
    for (const [name, { svg, png }] of await page.plots()) {
      await writeNamedFile(join(folder, `${name}.svg`), 'A plot', svg);
      await writeNamedFile(join(folder, `${name}.png`), 'A plot', png);
    }
  }
  if (options.json) printJson(terminal, page.content);
  else
    printLine(
      terminal.stdout,
      `Written to ${out}${options.plots === undefined ? '' : `, plots to ${resolve(terminal.cwd, options.plots)}`}`,
    );
}

async function read(quote: string | undefined, prices: string | undefined): Promise<Additions> {
  return {
    ...(quote !== undefined && { quote: await readJson(quote, quoteSchema) }),
    ...(prices !== undefined && { prices: await readJson(prices, pricesSchema) }),
  };
}

async function pageOf(
  what: readonly string[],
  additions: Additions,
  access: StoreAccess,
  terminal: Terminal,
): Promise<Page> {
  const named = await Promise.all(what.map((path) => sourceAt(path, terminal.cwd, access)));
  const [first] = named;
  if (named.length === 1 && first !== undefined && 'folder' in first)
    return pageOfFolder(first.folder, additions, access, terminal);
  const files = await readAll(named.filter((source) => 'key' in source));
  const folders = await Promise.all(
    named.flatMap((source) => ('folder' in source ? [filesBelow(source.folder, access)] : [])),
  );
  const below = folders.flatMap((folder) => folder.files);
  return pageOfFiles(
    [...files, ...below],
    additions,
    folders.flatMap(({ warnings }) => warnings),
  );
}

/** A bench folder, the folder of a run, a results folder, or one that holds results of whatever generation somewhere below. */
async function pageOfFolder(
  folder: string,
  additions: Additions,
  access: StoreAccess,
  terminal: Terminal,
): Promise<Page> {
  const { bucket, prefix } = bucketAndPrefix(folder);
  const store = openStore(bucket, { access });
  const holds = async (name: string) => {
    const key = prefix === '' ? name : `${prefix}/${name}`;
    return (await store.head(key)) === undefined ? undefined : key;
  };
  const sweep = await holds(BENCH_FILE);
  if (sweep !== undefined) return pageOfFiles(await readAll([{ name: sweep, store, key: sweep }]), additions);
  const isRun = /\/runs\/[^/]+$/.test(folder) && (await holds('run.json')) !== undefined;
  const isResults = !isRun && (await newestFinished(store, prefix)) !== undefined;
  if (isRun || isResults) return runPage(await reportOfRun(folder, additions, access, terminal));
  const { files, warnings } = await filesBelow(folder, access);
  return pageOfFiles(files, additions, warnings);
}

async function filesBelow(folder: string, access: StoreAccess): Promise<{ files: NamedResult[]; warnings: string[] }> {
  const sources = await sourcesBelow(folder, access);
  if (sources.length === 0) {
    throw new UserInputError(
      `There is no finished run and no result in ${readableAddress(folder)} or below: no summary.json, combined_data.json or <rank>.json. ${TAKEN}`,
    );
  }
  return readThoseThatHold(sources);
}

/** A run folder (`…/runs/<run_id>`) or a results folder, of which the run that is published is taken, or else the newest. */
async function reportOfRun(
  folder: string,
  { quote, prices }: Additions,
  access: StoreAccess,
  terminal: Terminal,
): Promise<RunReport> {
  const { place, notes } = await findRun(folder, terminal.cwd, { access });
  for (const note of notes) printLine(terminal.stderr, note);
  const material = await gatherRun(place, await findExecution(place, terminal.cwd), { prices });
  return assembleRunReport({ ...material, versions: VERSIONS, ...(quote !== undefined && { quote }) });
}
