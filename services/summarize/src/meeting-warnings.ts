import { fmiReportSchema, parseJsonAs, runLayout, type RankResult, type RunReference } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';

/** Ranks named in a warning; the rest are counted. */
const RANKS_NAMED = 20;

/** What didn't come of the meeting that a run was to have over FMI. Its results and metrics are whole all the same. */
export async function meetingWarnings(
  store: ObjectStore,
  run: RunReference,
  results: readonly Pick<RankResult, 'rank'>[],
): Promise<string[]> {
  if (!run.fmi_enabled || results.length === 0) return [];
  const { fmi: key } = runLayout(run.result_path, run.run_id);
  if ((await store.head(key)) === undefined)
    return [
      'The ranks did not meet over FMI, so there is no fmi.json; the logs of the ranks say why. The results need no meeting.',
    ];
  const { ranks } = parseJsonAs(fmiReportSchema, (await store.get(key)).toString(), key);
  const met = new Set(ranks.map(({ rank }) => rank));
  const absent = results.map(({ rank }) => rank).filter((rank) => !met.has(rank));
  if (absent.length === 0) return [];
  return [
    `${name(absent)} did not meet the others over FMI: fmi.json tells only of the ranks that met. The results need no meeting.`,
  ];
}

function name(ranks: readonly number[]): string {
  const named = ranks.slice(0, RANKS_NAMED).join(', ');
  const more = ranks.length > RANKS_NAMED ? ` and ${ranks.length - RANKS_NAMED} more` : '';
  return `Rank${ranks.length === 1 ? '' : 's'} ${named}${more}`;
}
