import { parseArgs } from 'node:util';
import { visibleLines } from '../../packages/payload/src/index.ts';

/**
 * The frame of a script about one stage: `<script> <stage> [--flag …]`. Exit code 2 and the usage for wrong use, 1 and the
 * message when the work fails.
 *
 * @param flags names of the options that the script knows beside --help, all of them switches
 */
export async function stageCommand<Flag extends string>(
  usage: string,
  flags: readonly Flag[],
  work: (stage: string, given: ReadonlySet<Flag>) => Promise<void>,
): Promise<void> {
  const asked = parse(flags);
  if (asked === 'help' || asked === undefined) {
    process.stderr.write(usage);
    process.exitCode = asked === 'help' ? 0 : 2;
    return;
  }
  try {
    await work(asked.stage, asked.given);
  } catch (error) {
    process.stderr.write(visibleLines(`${(error as Error).message}\n`));
    process.exitCode = 1;
  }
}

/** Undefined: wrong use. */
function parse<Flag extends string>(
  flags: readonly Flag[],
): { readonly stage: string; readonly given: ReadonlySet<Flag> } | 'help' | undefined {
  const switches = Object.fromEntries(flags.map((flag) => [flag, { type: 'boolean' as const }]));
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: { ...switches, help: { type: 'boolean', short: 'h' } },
    });
    const [stage] = positionals;
    if (values.help === true) return 'help';
    if (stage === undefined || positionals.length > 1) return undefined;
    const on = new Set(Object.entries(values).flatMap(([name, value]) => (value ? [name] : [])));
    return { stage, given: new Set(flags.filter((flag) => on.has(flag))) };
  } catch (error) {
    process.stderr.write(visibleLines(`${(error as Error).message}\n`));
    return undefined;
  }
}
