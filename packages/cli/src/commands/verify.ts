import { modelOfRecord } from '@cosmicai/local';
import { mendingOf } from '@cosmicai/engine';
import { executionFolderOf, findRun, openPlace, type Verification, verifyRun } from '@cosmicai/runs';
import { dataAccess, folderAddress } from '@cosmicai/store';
import { Command } from 'commander';
import { accessOf, storeOption, withAccessOptions, type AccessOptions } from '../inputs/options.ts';
import { EXIT } from '../output/errors.ts';
import { progress } from '../output/progress.ts';
import { formatLines } from '../output/table.ts';
import { printBlock, printJson, type Terminal } from '../output/terminal.ts';

interface VerifyOptions extends AccessOptions {
  readonly store?: string;
  readonly json?: boolean;
}

export function verifyCommand(terminal: Terminal): Command {
  return withAccessOptions(new Command('verify'))
    .description(
      'Reads all that a run read and wrote, and says whether it is still that: each galaxy predicted once, by one model, from partitions and into files whose bytes have not changed. Exit code 1 when anything has.',
    )
    .argument(
      '<run>',
      'run folder (results/runs/<run_id>), or a results folder: the run published there; or s3:// addresses of them',
    )
    .addOption(storeOption())
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai verify results\n  cosmicai verify s3://bucket/results/runs/20260304T050607Z-01234567\n',
    )
    .action(async (run: string, options: VerifyOptions) => {
      process.exitCode = await verify(run, options, terminal);
    });
}

async function verify(run: string, options: VerifyOptions, terminal: Terminal): Promise<number> {
  const { store: base, json } = options;
  const access = accessOf(options);
  const { place, notes } = await findRun(folderAddress(run, terminal.cwd), terminal.cwd, { access, base });
  const open = (bucket: string) => openPlace(place, bucket);
  const execution = await executionFolderOf(place, terminal.cwd);
  const shown = progress(terminal, 'Reading partitions');
  const verification = await verifyRun({
    place,
    openData: ({ DATA_BUCKET }, { payload }) =>
      openPlace({ ...place, access: { ...access, ...dataAccess(payload) } }, DATA_BUCKET),
    modelSha256: (record) => modelOfRecord(record, execution, open),
    onProgress: (read, files) => shown.update(read, files),
  });
  shown.done();
  if (json) printJson(terminal, { ...verification, notes: [...notes, ...verification.notes] });
  else {
    const ways = await mendingOf(verification.findings, place, execution);
    printBlock(terminal.stdout, described(verification, notes, ways));
  }
  return verification.findings.length === 0 ? EXIT.done : EXIT.failed;
}

const FINDINGS_SHOWN = 50;

function described(
  { run_id, statement, findings, notes, compared }: Verification,
  before: readonly string[],
  ways: readonly string[],
): string {
  const shown = findings.slice(0, FINDINGS_SHOWN).map(({ what, problem }) => `  ${what} ${problem}`);
  const more = findings.length > shown.length ? [`  … and ${findings.length - shown.length} more`] : [];
  const verdict =
    findings.length === 0
      ? 'All is as the run left it.'
      : `${findings.length} ${findings.length === 1 ? 'thing is' : 'things are'} not as the run left ${findings.length === 1 ? 'it' : 'them'}:`;
  return formatLines([
    `Run ${run_id}: ${statement}`,
    `Read and compared: ${compared.inputs} inputs, ${compared.outputs} outputs`,
    ...before,
    ...notes,
    verdict,
    ...shown,
    ...more,
    ...ways,
  ]);
}
