import { EXECUTION_FILE, shellWord } from '@cosmicai/payload';
import { layoutOf, openPlace, readRecord, recordWhereItLies, type Finding, type RunPlace } from '@cosmicai/runs';
import { readableAddress, schemeOf } from '@cosmicai/store';
import { againCommand, resumeCommand } from './way-on.ts';

/** Ranks whose commands are written out; the rest are as these. */
const COMMANDS_SHOWN = 3;

/** What mends what was found of a run, a line each, with the commands of whatever ran it. */
export async function mendingOf(
  findings: readonly Finding[],
  place: RunPlace,
  execution: string | undefined,
): Promise<string[]> {
  const has = (mend: Finding['mend']) => findings.some((finding) => finding.mend === mend);
  const goOn = await goingOn(findings, place, execution);
  return [
    ...(has('restore') ? [`Put inputs back as they were, or ${goOn.accept}`] : []),
    ...(has('replan') ? [`The plan can't be trusted any more: ${goOn.anew}`] : []),
    ...(has('resume') && !has('replan') ? goOn.again : []),
    ...(has('remove')
      ? ['Files that belong to no rank should be moved elsewhere: who reads the folder as a whole would count them.']
      : []),
  ];
}

interface GoingOn {
  readonly again: readonly string[];
  /** Takes inputs as they are now. */
  readonly accept: string;
  readonly anew: string;
}

async function goingOn(findings: readonly Finding[], place: RunPlace, execution: string | undefined): Promise<GoingOn> {
  const again = (command: string) => [
    `Ranks without a whole result run again, and all are combined anew, with: ${command}`,
  ];
  if (execution !== undefined && !(await isElsewhere(place))) {
    const command = resumeCommand(execution);
    return {
      again: again(command),
      accept: `take them as they are now: ${command} --accept-changed`,
      anew: `start a new run with: ${againCommand(execution)}`,
    };
  }
  const accept = 'start a new run.';
  if (await ranOnAStage(place))
    return { again: again(`cosmicai run --target aws --only-failed (run ${place.runId})`), accept, anew: accept };
  return { again: rankByRank(findings, place), accept, anew: accept };
}

/** Of a run whose ranks a scheduler starts, and of a copy, which no execution goes on with. */
function rankByRank(findings: readonly Finding[], place: RunPlace): string[] {
  const folder = shellWord(readableAddress(place.bucket, layoutOf(place).folder));
  const ranks = [...new Set(findings.flatMap(({ rank }) => rank ?? []))].sort((a, b) => a - b);
  const more = ranks.length - COMMANDS_SHOWN;
  return [
    ...(ranks.length === 0 ? [] : ['Ranks without a whole result run again with:']),
    ...ranks.slice(0, COMMANDS_SHOWN).map((rank) => `  cosmicai rank --manifest ${folder} --index ${rank}`),
    ...(more > 0 ? [`  … and ${more} more`] : []),
    `${ranks.length === 0 ? 'All' : 'Then all'} are combined anew with: cosmicai summarize ${folder}`,
  ];
}

/** Whether the run lies elsewhere than where it was planned. */
async function isElsewhere(place: RunPlace): Promise<boolean> {
  try {
    const record = await readRecord(openPlace(place), layoutOf(place));
    return recordWhereItLies(record, place) !== record;
  } catch {
    // A record that is damaged or gone is among what was found.
    return false;
  }
}

/** Its execution, or the lists of its Map, lie in the run's folder. */
async function ranOnAStage(place: RunPlace): Promise<boolean> {
  if (schemeOf(place.bucket)?.isRemote !== true) return false;
  const store = openPlace(place);
  const { folder, map } = layoutOf(place);
  if ((await store.head(`${folder}/${EXECUTION_FILE}`)) !== undefined) return true;
  for await (const _ of store.list(`${map}/`)) return true;
  return false;
}
