import { resolve } from 'node:path';
import { bucketAndPrefix, folderAddress, makeNamedFolder, openStore } from '@cosmicai/store';
import { writeSurvey, type Catalogue, type ColumnMapping, type WrittenPartition } from '@cosmicai/survey';
import { Command } from 'commander';
import { columnMapping, openCatalogue } from '../inputs/catalogue.ts';
import { partitionSizeOption, wholeNumber } from '../inputs/options.ts';
import { progress } from '../output/progress.ts';
import { formatTable } from '../output/table.ts';
import { printBlock, printJson, type Terminal } from '../output/terminal.ts';

interface SimulateOptions {
  readonly count: number;
  readonly seed: number;
  readonly partitionSize: number;
  readonly out: string;
  readonly catalogue?: string;
  readonly columns?: ColumnMapping;
  readonly skipBad?: boolean;
  readonly json?: boolean;
}

export function simulateCommand(terminal: Terminal): Command {
  return new Command('simulate')
    .description(
      'Simulates galaxies as the SDSS main sample has them and writes partition files 1.pt, 2.pt, … that torch.load reads.',
    )
    .option('-n, --count <n>', 'number of galaxies', wholeNumber(1), 5113)
    .option('-s, --seed <n>', 'the same seed gives the same bytes', wholeNumber(0), 1)
    .addOption(partitionSizeOption('size of a partition file, e.g. 100MB'))
    .option('-o, --out <folder>', 'folder or store address for the files', 'partitions')
    .option('--catalogue <file>', 'render the galaxies of this CSV instead of drawn ones (columns: see docs/survey.md)')
    .option('--columns <pairs>', 'names of the CSV’s columns, e.g. z_spec=redshift,model_u=psfMag_u', columnMapping)
    .option('--skip-bad', 'leave out and count lines with values that are not measurements (-9999, NaN, null)')
    .option('--json', 'print the files written as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cosmicai simulate --count 20000 --seed 7 --partition-size 25MB --out partitions\n',
    )
    .action((options: SimulateOptions) => simulate(options, terminal));
}

async function simulate(options: SimulateOptions, terminal: Terminal): Promise<void> {
  const { files, catalogue } = await writeSimulation(options, terminal);
  if (options.json) printJson(terminal, catalogue === undefined ? files : { files, catalogue: told(catalogue) });
  else {
    printBlock(
      terminal.stdout,
      formatTable(
        [
          { title: 'file', align: 'left', cell: (file) => file.key },
          { title: 'galaxies', cell: (file) => String(file.galaxies) },
          { title: 'bytes', cell: (file) => String(file.bytes) },
        ],
        files,
      ),
    );
  }
}

/** What --json tells of a catalogue: what stderr says of it, in numbers. */
function told({ rows, counts: { read, bad, beyond, repeated } }: Catalogue): Record<string, number> {
  return { rows: read, usable: rows, left_out_bad: bad, left_out_redshift: beyond, repeated };
}

/** Simulates with progress on the terminal. */
export async function writeSimulation(
  options: Omit<SimulateOptions, 'json'>,
  terminal: Terminal,
): Promise<{ readonly files: readonly WrittenPartition[]; readonly catalogue: Catalogue | undefined }> {
  const catalogue = await openCatalogue(options, terminal);
  const { bucket, prefix } = bucketAndPrefix(folderAddress(options.out, terminal.cwd));
  const folder = options.out.includes('://')
    ? undefined
    : await makeNamedFolder(resolve(terminal.cwd, options.out), 'Partitions');
  const bar = progress(terminal, 'Simulating');
  try {
    const files = await writeSurvey(
      openStore(bucket),
      prefix,
      {
        count: options.count,
        seed: options.seed,
        partitionBytes: options.partitionSize,
        signal: terminal.signal,
        ...(catalogue && { catalogue }),
      },
      ({ galaxies, count, partitions, partitionCount }) =>
        bar.update(galaxies, count, `galaxies, ${partitions}/${partitionCount} files`),
    );
    return { files, catalogue };
  } catch (error) {
    await folder?.abandon();
    throw error;
  } finally {
    bar.done();
  }
}
