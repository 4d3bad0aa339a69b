import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatReportLine } from '@cosmicai/payload';
import type { Outcome } from '@cosmicai/engine';
import { EVENT_LOG, formatEvent, withFormat } from '@cosmicai/payload';

/** Keeps what is known of an execution on AWS in the files that one on this machine leaves. */
export function keepExecution({ directory, events, definition, reports, ...rest }: Outcome, stage: string): void {
  const { status, output, error, cause } = rest;
  const json = (name: string, value: unknown) =>
    writeFileSync(join(directory, name), `${JSON.stringify(value, null, 2)}\n`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, EVENT_LOG), events.map(formatEvent).join(''));
  writeFileSync(join(directory, 'reports.log'), reports.map((report) => `${formatReportLine(report)}\n`).join(''));
  json('definition.json', definition);
  json('result.json', withFormat({ stage, status, output, error, cause }));
}
