import { valueOf } from './known.ts';
import type { ReportLine } from './report-line.ts';

type Fields = Readonly<Record<string, unknown>>;
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * Reads a REPORT line in Lambda's text format, or a platform.report record in its JSON format, with or without what log
 * shippers put before it.
 *
 * @returns undefined when the line is not a report, or one that lacks its request id, durations or memory
 */
export function parseReportLine(line: string): ReportLine | undefined {
  const brace = line.indexOf('{');
  const text = line.search(/(^|\s)REPORT\s+RequestId:/);
  if (text >= 0 && (brace < 0 || text < brace)) return fromText(line.slice(text));
  return brace >= 0 ? fromJson(line.slice(brace)) : undefined;
}

export interface ReportLog {
  readonly reports: readonly ReportLine[];
  /** Lines that speak of a report but could not be read: never dropped silently. */
  readonly notUnderstood: readonly string[];
}

/** Reads all reports of a log. In the text format the XRAY fields stand on a line of their own below the report's. */
export function parseReportLog(log: string): ReportLog {
  const reports: ReportLine[] = [];
  const notUnderstood: string[] = [];
  for (const line of log.replaceAll(/\r?\n(?=[ \t]*XRAY TraceId:)/g, '\t').split(/\r?\n/)) {
    const report = parseReportLine(line);
    if (report !== undefined) reports.push(report);
    else if (/REPORT\s+RequestId|"platform\.report"/.test(line)) notUnderstood.push(line);
  }
  return { reports, notUnderstood };
}

/** Writes the text format, for engines that stand in for Lambda. */
export function formatReportLine(report: ReportLine): string {
  const fields: [name: string, value: string | number | boolean | undefined, unit?: string][] = [
    ['RequestId', report.requestId],
    ['Duration', decimals(report.durationMs), ' ms'],
    ['Billed Duration', report.billedDurationMs, ' ms'],
    ['Memory Size', report.memorySizeMb, ' MB'],
    ['Max Memory Used', report.maxMemoryUsedMb, ' MB'],
    ['Init Duration', decimals(report.initDurationMs), ' ms'],
    ['Restore Duration', decimals(report.restoreDurationMs), ' ms'],
    ['Billed Restore Duration', report.billedRestoreDurationMs, ' ms'],
    ['Status', report.status],
    ['Error Type', report.errorType],
    ['XRAY TraceId', report.trace?.traceId],
    ['SegmentId', report.trace?.segmentId],
    ['Sampled', report.trace?.sampled],
  ];
  const present = fields.flatMap(([name, value, unit = '']) =>
    value === undefined ? [] : [`${name}: ${value}${unit}`],
  );
  return `REPORT ${present.join('\t')}\t`;
}

/** Milliseconds with at most two decimals, as Lambda writes them. */
function decimals(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : Math.round(milliseconds * 100) / 100;
}

/** Field names of the text format; longer names first, because `Duration` ends several of them. */
const TEXT_FIELDS = [
  'Billed Restore Duration',
  'Restore Duration',
  'Billed Duration',
  'Init Duration',
  'Max Memory Used',
  'Memory Size',
  'Error Type',
  'XRAY TraceId',
  'RequestId',
  'SegmentId',
  'Duration',
  'Sampled',
  'Status',
];
const TEXT_FIELD = new RegExp(
  `(?<=^|\\s)(${TEXT_FIELDS.join('|')}):[ \\t]*(\\S*)(?:[ \\t]+(ms|s|KB|MB|GB)(?=\\s|$))?`,
  'g',
);
const UNIT_FACTORS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['KB', 1 / 1024],
  ['MB', 1],
  ['GB', 1024],
]);

function fromText(line: string): ReportLine | undefined {
  const found = new Map<string, string | number>();
  // Only the unit may be missing.
  for (const [, name = '', value = '', unit] of line.matchAll(TEXT_FIELD)) {
    // The first one counts: what follows the report's own fields may be anybody's text.
    if (!found.has(name) && value !== '')
      found.set(name, unit === undefined ? value : Number(value) * valueOf(UNIT_FACTORS, unit));
  }
  const traceId = found.get('XRAY TraceId');
  const sampled = found.get('Sampled');
  return complete({
    requestId: found.get('RequestId'),
    durationMs: found.get('Duration'),
    billedDurationMs: found.get('Billed Duration'),
    memorySizeMb: found.get('Memory Size'),
    maxMemoryUsedMb: found.get('Max Memory Used'),
    initDurationMs: found.get('Init Duration'),
    restoreDurationMs: found.get('Restore Duration'),
    billedRestoreDurationMs: found.get('Billed Restore Duration'),
    status: found.get('Status'),
    errorType: found.get('Error Type'),
    traceId,
    segmentId: found.get('SegmentId'),
    sampled: sampled === undefined ? undefined : sampled === 'true',
  });
}

function fromJson(text: string): ReportLine | undefined {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(event) || event.type !== 'platform.report' || !isObject(event.record)) return undefined;
  const record = event.record;
  const metrics = isObject(record.metrics) ? record.metrics : {};
  const tracing = isObject(record.tracing) ? record.tracing : {};
  const header = typeof tracing.value === 'string' ? tracing.value : '';
  const sampled = /(?:^|;)Sampled=([01])/i.exec(header)?.[1];
  return complete({
    requestId: record.requestId,
    durationMs: metrics.durationMs,
    billedDurationMs: metrics.billedDurationMs,
    memorySizeMb: metrics.memorySizeMB,
    maxMemoryUsedMb: metrics.maxMemoryUsedMB,
    initDurationMs: metrics.initDurationMs,
    restoreDurationMs: metrics.restoreDurationMs,
    billedRestoreDurationMs: metrics.billedRestoreDurationMs,
    status: record.status,
    errorType: record.errorType,
    traceId: /(?:^|;)Root=([^;]+)/i.exec(header)?.[1],
    segmentId: tracing.spanId,
    sampled: sampled === undefined ? undefined : sampled === '1',
  });
}

/** A report needs its id, durations and memory; every other field is taken where it makes sense. */
function complete(fields: Fields): ReportLine | undefined {
  const requestId = textOf(fields.requestId);
  const durationMs = amountOf(fields.durationMs);
  const billedDurationMs = amountOf(fields.billedDurationMs);
  const memorySizeMb = amountOf(fields.memorySizeMb);
  const maxMemoryUsedMb = amountOf(fields.maxMemoryUsedMb);
  if (
    requestId === undefined ||
    durationMs === undefined ||
    billedDurationMs === undefined ||
    memorySizeMb === undefined ||
    maxMemoryUsedMb === undefined
  ) {
    return undefined;
  }
  const report: Mutable<ReportLine> = { requestId, durationMs, billedDurationMs, memorySizeMb, maxMemoryUsedMb };
  for (const name of ['initDurationMs', 'restoreDurationMs', 'billedRestoreDurationMs'] as const) {
    const value = amountOf(fields[name]);
    if (value !== undefined) report[name] = value;
  }
  for (const name of ['status', 'errorType'] as const) {
    const value = textOf(fields[name]);
    if (value !== undefined) report[name] = value;
  }
  const traceId = textOf(fields.traceId);
  const segmentId = textOf(fields.segmentId);
  if (traceId !== undefined) {
    report.trace = {
      traceId,
      ...(segmentId === undefined ? {} : { segmentId }),
      ...(typeof fields.sampled === 'boolean' ? { sampled: fields.sampled } : {}),
    };
  }
  return report;
}

function amountOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
