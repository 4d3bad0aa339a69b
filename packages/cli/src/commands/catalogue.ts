import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FORMATS, HIGHEST_ORDER, openRunTable, openTarget, writeCatalogue } from '@cosmicai/catalogue';
import { UserInputError } from '@cosmicai/payload';
import { findRun, readWholeRun } from '@cosmicai/runs';
import { folderAddress } from '@cosmicai/store';
import { Command, Option } from 'commander';
import { accessOf, storeOption, wholeNumber, withAccessOptions, type AccessOptions } from '../inputs/options.ts';
import { progress } from '../output/progress.ts';
import { printJson, printLine, type Terminal } from '../output/terminal.ts';
import { VERSIONS } from '../output/versions.ts';

interface CatalogueOptions extends AccessOptions {
  readonly out: string;
  readonly format?: string;
  readonly healpix?: number;
  readonly partial?: boolean;
  readonly store?: string;
  readonly json?: boolean;
}

export function catalogueCommand(terminal: Terminal): Command {
  return withAccessOptions(new Command('catalogue'))
    .description(
      'Writes the predictions of a run as one table: a row for each galaxy, in the natural order of the partitions, with units, and where they are from. The run is checked first, as verify does it.',
    )
    .argument(
      '<run>',
      'run folder (results/runs/<run_id>), a results folder: the run published there; an s3:// address of one, or the id of a run in ./results',
    )
    .requiredOption('-o, --out <file>', 'file, s3:// address, or - for standard output')
    .addOption(new Option('--format <name>', "default: by the file's ending").choices(FORMATS.map(({ name }) => name)))
    .option(
      '--healpix <order>',
      'write a folder as HATS lays it out, with a Parquet file for each HEALPix pixel of this order',
      wholeNumber(0, HIGHEST_ORDER),
    )
    .option('--partial', 'take a run of which ranks failed, without their galaxies')
    .addOption(storeOption())
    .option('--json', 'print what was written as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai catalogue results -o predictions.parquet\n  cosmicai catalogue results -o predictions --healpix 4\n  cosmicai catalogue results/runs/20260304T050607Z-01234567 -o - --format csv\n',
    )
    .action((run: string, options: CatalogueOptions) => catalogue(run, options, terminal));
}

async function catalogue(named: string, options: CatalogueOptions, terminal: Terminal): Promise<void> {
  const { out, partial = false, store: base, json = false } = options;
  const access = accessOf(options);
  if (json && out === '-') throw new UserInputError('With -o - the table is what is printed: leave --json out.');
  const folder = folderAddress(runFolder(named, terminal.cwd), terminal.cwd);
  const { place, notes } = await findRun(folder, terminal.cwd, { access, base });
  const { format, healpix } = options;
  const target = await openTarget(out, { format, healpix, cwd: terminal.cwd, access, stdout: terminal.data });
  try {
    const run = await readWholeRun(place, { partial });
    const table = await openRunTable(place, run, `CosmicAI ${VERSIONS.cosmicai}`);
    const left = table.facts.find(({ name }) => name === 'partial');
    for (const note of [...notes, ...(left === undefined ? [] : [`--partial: ${left.value}.`])])
      printLine(terminal.stderr, note);
    const shown = progress(terminal, 'Writing');
    await writeCatalogue(table, target, {
      signal: terminal.signal,
      onRows: (rows) => shown.update(rows, table.rows),
    });
    shown.done();
    const written = { out: target.name, table: target.format, rows: table.rows };
    if (json) printJson(terminal, { run_id: place.runId, ...written, columns: table.columns.map(({ name }) => name) });
    else
      printLine(
        out === '-' ? terminal.stderr : terminal.stdout,
        `${table.rows} galaxies of run ${place.runId} written to ${target.name} (${target.format})`,
      );
  } catch (error) {
    await target.abandon();
    throw error;
  }
}

/** A run that is named by its id alone lies where runs are put by default. */
function runFolder(named: string, cwd: string): string {
  const isId = /^\d{8}T\d{6}Z-[0-9a-f]+$/.test(named) && !existsSync(resolve(cwd, named));
  return isId ? join('results', 'runs', named) : named;
}
