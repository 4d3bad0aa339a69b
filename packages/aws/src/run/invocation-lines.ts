import { jsonOrText } from '@cosmicai/payload';
import { z } from 'zod';
import type { LogLine } from '../services/function-logs.ts';

/** Lambda's two log formats: what it writes around an invocation. */
const BEGINS = /^(INIT_START |START RequestId: )|"type":\s*"platform\.(initStart|start)"/;
const ENDS = /^REPORT RequestId: |"type":\s*"platform\.report"/;

const ofARun = z.object({ run_id: z.string() });

/**
 * Leaves out invocations one of whose lines names another run than this one, with all their lines.
 *
 * @param lines all that was written in a span of time, each stream's in their order
 */
export function withoutOtherRuns(lines: readonly LogLine[], runId: string): LogLine[] {
  const underWay = new Map<string, Invocation>();
  const placed = lines.map((line) => {
    const stream = line.stream ?? '';
    const before = underWay.get(stream);
    const begins = before === undefined || (BEGINS.test(line.message) && before.begun);
    const invocation = begins ? { begun: false, foreign: false } : before;
    invocation.begun ||= !BEGINS.test(line.message);
    if (namesOtherRun(line, runId)) invocation.foreign = true;
    if (ENDS.test(line.message)) underWay.delete(stream);
    else underWay.set(stream, invocation);
    return { line, invocation };
  });
  return placed.filter(({ invocation }) => !invocation.foreign).map(({ line }) => line);
}

interface Invocation {
  /** Whether it has lines beside those that Lambda begins it with. */
  begun: boolean;
  foreign: boolean;
}

export function namesOtherRun({ message }: Pick<LogLine, 'message'>, runId: string): boolean {
  const { data } = ofARun.safeParse(jsonOrText(message.trim()));
  return data !== undefined && data.run_id !== '' && data.run_id !== runId;
}
