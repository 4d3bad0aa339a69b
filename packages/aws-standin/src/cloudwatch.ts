import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  FilterLogEventsCommand,
  PutLogEventsCommand,
  ResourceAlreadyExistsException,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';
import type { LogEvent, LogSink } from './functions/invocation-log.ts';

/** CloudWatch takes so many at once. */
const MOST_AT_ONCE = 10_000;

/** Writes into CloudWatch Logs, making groups and streams as they are needed, as Lambda does: with the permissions of the function's role. */
export function cloudWatchSink(clientOf: (role: string | undefined) => CloudWatchLogsClient): LogSink {
  const streams = new Map<string, Promise<void>>();
  return {
    async write({ group, stream, role }, events) {
      const client = clientOf(role);
      const place = { logGroupName: group, logStreamName: stream };
      const made = streams.get(stream) ?? makeStream(client, place);
      streams.set(stream, made);
      await made;
      for (let at = 0; at < events.length; at += MOST_AT_ONCE) {
        const logEvents = events.slice(at, at + MOST_AT_ONCE);
        await client.send(new PutLogEventsCommand({ ...place, logEvents }));
      }
    },
  };
}

async function makeStream(client: CloudWatchLogsClient, place: { logGroupName: string; logStreamName: string }) {
  try {
    await client.send(new CreateLogStreamCommand(place));
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
    await client.send(new CreateLogGroupCommand({ logGroupName: place.logGroupName })).catch((other: unknown) => {
      if (!(other instanceof ResourceAlreadyExistsException)) throw other;
    });
    await client.send(new CreateLogStreamCommand(place));
  }
}

/** All that a log group holds, oldest first; nothing where it doesn't exist. */
export async function logEvents(client: CloudWatchLogsClient, group: string): Promise<LogEvent[]> {
  const found: LogEvent[] = [];
  let nextToken: string | undefined;
  do {
    const request = { logGroupName: group, ...(nextToken !== undefined && { nextToken }) };
    const page = await client.send(new FilterLogEventsCommand(request)).catch((error: unknown) => {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    });
    for (const { timestamp = 0, message = '' } of page?.events ?? []) found.push({ timestamp, message });
    nextToken = page?.nextToken;
  } while (nextToken !== undefined);
  return found;
}
