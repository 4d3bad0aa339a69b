import fc from 'fast-check';
import { formatReportLine, parseReportLine, parseReportLog, type ReportLine } from '../src/index.ts';

const TEXT =
  'REPORT RequestId: 3f8c0d8e-58b1-4a7a-9f0e-0c1f3e7f8a55\tDuration: 5102.25 ms\tBilled Duration: 5644 ms\tMemory Size: 3008 MB\tMax Memory Used: 397 MB\tInit Duration: 541.31 ms\t';

describe('a REPORT line', () => {
  it('of a cold start in text format gives durations, memory and init', () => {
    expect(parseReportLine(TEXT)).toEqual({
      requestId: '3f8c0d8e-58b1-4a7a-9f0e-0c1f3e7f8a55',
      durationMs: 5102.25,
      billedDurationMs: 5644,
      memorySizeMb: 3008,
      maxMemoryUsedMb: 397,
      initDurationMs: 541.31,
    });
  });

  it('is found behind what a log shipper puts before it', () => {
    expect(parseReportLine(`2026-03-01T10:00:00.123Z [INFO] ${TEXT}`)?.durationMs).toBe(5102.25);
  });

  it('of a start from a snapshot gives both restore durations', () => {
    const line =
      'REPORT RequestId: a1\tDuration: 2.07 ms\tBilled Duration: 63 ms\tMemory Size: 512 MB\tMax Memory Used: 101 MB\tRestore Duration: 439.02 ms\tBilled Restore Duration: 60 ms\t';

    expect(parseReportLine(line)).toMatchObject({
      durationMs: 2.07,
      billedDurationMs: 63,
      restoreDurationMs: 439.02,
      billedRestoreDurationMs: 60,
    });
  });

  it('of a failed invocation gives status and error type', () => {
    const line =
      'REPORT RequestId: a1\tDuration: 900000.00 ms\tBilled Duration: 900000 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory';

    expect(parseReportLine(line)).toMatchObject({ status: 'error', errorType: 'Runtime.OutOfMemory' });
  });

  it('in JSON format gives the same, with the trace', () => {
    const event = {
      time: '2026-03-01T10:00:00.000Z',
      type: 'platform.report',
      record: {
        requestId: 'b2',
        status: 'success',
        metrics: {
          durationMs: 693.92,
          billedDurationMs: 1092,
          initDurationMs: 397.68,
          maxMemoryUsedMB: 84,
          memorySizeMB: 128,
        },
        tracing: {
          spanId: '54565fb41ac79632',
          type: 'X-Amzn-Trace-Id',
          value: 'Root=1-62e900b2-710d76f009d6e7785905449a;Parent=0efbd19962d95b05;Sampled=1',
        },
      },
    };

    expect(parseReportLine(JSON.stringify(event))).toEqual({
      requestId: 'b2',
      durationMs: 693.92,
      billedDurationMs: 1092,
      memorySizeMb: 128,
      maxMemoryUsedMb: 84,
      initDurationMs: 397.68,
      status: 'success',
      trace: { traceId: '1-62e900b2-710d76f009d6e7785905449a', segmentId: '54565fb41ac79632', sampled: true },
    });
  });

  it.each([
    ['a START line', 'START RequestId: a1 Version: $LATEST'],
    ['a report without memory', 'REPORT RequestId: a1\tDuration: 1 ms\tBilled Duration: 1 ms'],
    ['a number that is none', TEXT.replace('5102.25', 'many')],
    ['another platform event', '{"type":"platform.start","record":{"requestId":"a1"}}'],
    ['cut JSON', '{"type":"platform.report","record":{"requ'],
    ['nothing', ''],
  ])('is not made out of %s', (_, line) => {
    expect(parseReportLine(line)).toBeUndefined();
  });
});

describe('a log', () => {
  it('gives every report, joins the XRAY line below its report, and hands back reports it could not read', () => {
    const log = [
      'START RequestId: a1 Version: $LATEST',
      '{"level":"INFO","message":"read 1.pt"}',
      'END RequestId: a1',
      TEXT,
      'XRAY TraceId: 1-5bef4de7-ad49b0e87f6ef6c87fc2e700\tSegmentId: 0efbd19962d95b05\tSampled: false',
      'REPORT RequestId: a2\tDuration: …',
    ].join('\r\n');

    const { reports, notUnderstood } = parseReportLog(log);

    expect(reports).toHaveLength(1);
    expect(reports[0]!.trace).toEqual({
      traceId: '1-5bef4de7-ad49b0e87f6ef6c87fc2e700',
      segmentId: '0efbd19962d95b05',
      sampled: false,
    });
    expect(notUnderstood).toEqual(['REPORT RequestId: a2\tDuration: …']);
  });
});

const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,35}$/);
const milliseconds = fc.integer({ min: 0, max: 90_000_000 }).map((hundredths) => hundredths / 100);
const megabytes = fc.integer({ min: 0, max: 10_240 });
const report = fc.record(
  {
    requestId: word,
    durationMs: milliseconds,
    billedDurationMs: fc.integer({ min: 0, max: 900_000 }),
    memorySizeMb: megabytes,
    maxMemoryUsedMb: megabytes,
    initDurationMs: milliseconds,
    restoreDurationMs: milliseconds,
    billedRestoreDurationMs: fc.integer({ min: 0, max: 10_000 }),
    status: word,
    errorType: word,
    trace: fc.record(
      { traceId: word, segmentId: word, sampled: fc.boolean() },
      { requiredKeys: ['traceId'], noNullPrototype: true },
    ),
  },
  {
    requiredKeys: ['requestId', 'durationMs', 'billedDurationMs', 'memorySizeMb', 'maxMemoryUsedMb'],
    noNullPrototype: true,
  },
);

describe('reports of any content', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(report, (written) => {
        expect(parseReportLine(formatReportLine(written as ReportLine))).toEqual(written);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('never make the parser throw, nor give fields that are no amounts', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'REPORT RequestId:',
        ' Duration:',
        '\t',
        ' 1 ms',
        'NaN ms',
        ' MB',
        '{"type":"platform.report",',
        '\n',
      ),
      report.map((written) => formatReportLine(written as ReportLine)),
      fc.json(),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const single = parseReportLine(text);
        for (const found of [...(single ? [single] : []), ...parseReportLog(text).reports]) {
          expect(found.requestId).not.toBe('');
          expect(Number.isFinite(found.durationMs) && found.durationMs >= 0).toBe(true);
          expect(Number.isFinite(found.memorySizeMb) && found.memorySizeMb >= 0).toBe(true);
        }
      }),
      { seed: 2, numRuns: 1000 },
    );
  });

  it('in JSON with any other shape inside never make it throw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (requestId, metrics, tracing) => {
        const line = JSON.stringify({ type: 'platform.report', record: { requestId, metrics, tracing } });
        expect(() => parseReportLine(line)).not.toThrow();
      }),
      { seed: 3, numRuns: 500 },
    );
  });
});
