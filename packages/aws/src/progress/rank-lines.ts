import { jsonOrText, rankLineSchema, type RankLine } from '@cosmicai/payload';
import type { FunctionLogs } from '../services/function-logs.ts';
import type { WaitingClock } from '../services/wait.ts';

export interface RankLinesQuery {
  readonly logs: FunctionLogs;
  /** Name of the function that runs a rank. */
  readonly functionName: string;
  readonly runId: string;
  /** Epoch milliseconds. */
  readonly from: number;
}

/** The lines that tell of a run's ranks, oldest first, with the time at which they were written, in epoch milliseconds. */
export async function* rankLines(
  query: RankLinesQuery,
): AsyncGenerator<{ readonly at: number; readonly line: RankLine }> {
  const { logs, functionName, runId, from } = query;
  for await (const { at, message } of logs.lines({ functionName, from, pattern: `"${runId}"` })) {
    const { data } = rankLineSchema.safeParse(jsonOrText(message.trim()));
    if (data !== undefined) yield { at, line: data };
  }
}

/** Ranks write a line in ten seconds at most. */
const LOOK_MS = 5000;
/** A line may be found later than another that was written after it. */
const LATE_MS = 15_000;

/**
 * Follows the lines of a run's ranks until the signal fires, telling each once.
 *
 * @throws the abort reason when the signal fires
 */
export async function watchRanks(
  query: RankLinesQuery & { readonly clock: WaitingClock; readonly signal: AbortSignal },
  onLine: (line: RankLine) => void,
): Promise<never> {
  const { clock, signal } = query;
  /** Lines that may come again, with the time at which they were written. */
  const told = new Map<string, number>();
  let newest = query.from;
  for (;;) {
    signal.throwIfAborted();
    const from = Math.max(query.from, newest - LATE_MS);
    for await (const { at, line } of rankLines({ ...query, from })) {
      newest = Math.max(newest, at);
      const key = `${at} ${JSON.stringify(line)}`;
      if (told.has(key)) continue;
      told.set(key, at);
      onLine(line);
    }
    for (const [key, at] of told) if (at < newest - LATE_MS) told.delete(key);
    await clock.sleep(LOOK_MS, signal);
  }
}
