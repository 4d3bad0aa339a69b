import { defined, parseReportLog, type ReportLine } from '@cosmicai/payload';
import { explained, isMissing } from './aws-errors.ts';

/** A line that a function, or Lambda about it, has logged. */
export interface LogLine {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly functionName: string;
  readonly message: string;
  /** Of the execution environment that wrote it: invocations follow each other in one. */
  readonly stream?: string;
}

export interface LogQuery {
  readonly functionName: string;
  /** Epoch milliseconds, inclusive. */
  readonly from: number;
  /** Epoch milliseconds; undefined: until now. */
  readonly to?: number;
  /** CloudWatch filter pattern; undefined: every line. */
  readonly pattern?: string;
}

/** The logs of a stage's functions. */
export interface FunctionLogs {
  /** Oldest first; empty where the function has never logged anything. */
  lines(query: LogQuery): AsyncIterable<LogLine>;
}

/** CloudWatch Logs, where Lambda keeps a log group for each function. */
export async function cloudWatchLogs(region: string): Promise<FunctionLogs> {
  const sdk = await import('@aws-sdk/client-cloudwatch-logs');
  const client = new sdk.CloudWatchLogsClient({ region });
  return {
    async *lines({ functionName, from, to, pattern }) {
      let nextToken: string | undefined;
      do {
        const request = {
          logGroupName: `/aws/lambda/${functionName}`,
          startTime: Math.floor(from),
          ...(to !== undefined && { endTime: Math.ceil(to) }),
          ...defined({ filterPattern: pattern, nextToken }),
        };
        const page = await explained(`read the log of ${functionName}`, () =>
          client.send(new sdk.FilterLogEventsCommand(request)),
        ).catch((error: unknown) => {
          if (isMissing(error)) return undefined;
          throw error;
        });
        for (const { timestamp = 0, message = '', logStreamName: stream } of page?.events ?? [])
          yield { at: timestamp, functionName, message, ...defined({ stream }) };
        nextToken = page?.nextToken;
      } while (nextToken !== undefined);
    },
  };
}

/** A REPORT line with the function it belongs to. */
export interface LoggedReport {
  /** When it was written: the end of the invocation, epoch milliseconds. */
  readonly at: number;
  readonly functionName: string;
  readonly report: ReportLine;
}

/** Lambda's two log formats: a line that begins with REPORT, or a record of that type. */
const REPORT_PATTERN = '?"REPORT RequestId" ?"platform.report"';

/** The REPORT lines of a function in a span of time. */
export async function reportLines(logs: FunctionLogs, query: Omit<LogQuery, 'pattern'>): Promise<LoggedReport[]> {
  const found: LoggedReport[] = [];
  for await (const { at, functionName, message } of logs.lines({ ...query, pattern: REPORT_PATTERN })) {
    for (const report of parseReportLog(message).reports) found.push({ at, functionName, report });
  }
  return found;
}
