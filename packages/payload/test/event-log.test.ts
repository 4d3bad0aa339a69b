import fc from 'fast-check';
import { fuzz, jsonText, oddInText, oneFieldChanged } from '../../../test/fuzz.ts';
import {
  formatEvent,
  InvalidInputError,
  parseEventLog,
  withFormat,
  type RunEvent,
  type RunEventBody,
} from '../src/index.ts';

const state = fc.constantFrom('Initialize', 'Infer', 'Summarize', 'x y');
const index = fc.nat({ max: 9999 });
const count = fc.nat({ max: 10_000 });
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => value as RunEventBody & null);
const failure = { error: text, cause: text };
const of = <T>(type: T) => fc.constant(type);
const status = fc.constantFrom('SUCCEEDED' as const, 'FAILED' as const, 'ABORTED' as const, 'TIMED_OUT' as const);
const report = fc.record(
  {
    functionName: text,
    requestId: fc.uuid(),
    durationMs: fc.double({ min: 0, max: 1e6, noNaN: true }).map((value) => value || 0),
    billedDurationMs: count,
    memorySizeMb: count,
    maxMemoryUsedMb: count,
    initDurationMs: count,
    status: text,
    errorType: text,
    trace: fc.record({ traceId: text, sampled: fc.boolean() }, { requiredKeys: ['traceId'] }),
  },
  { requiredKeys: ['functionName', 'requestId', 'durationMs', 'billedDurationMs', 'memorySizeMb', 'maxMemoryUsedMb'] },
);
const body = fc.oneof(
  fc.record({ type: of('RunStarted'), input: json }),
  fc.record({ type: of('RunResumed'), state, input: json }),
  fc.record({ type: of('RunEnded'), status, output: json, ...failure }, { requiredKeys: ['type', 'status'] }),
  fc.record(
    { type: of('StateEntered'), state, stateType: text, input: json, index },
    { requiredKeys: ['type', 'state', 'stateType', 'input'] },
  ),
  fc.record({ type: of('StateExited'), state, stateType: text, output: json }),
  fc.record({ type: of('StateFailed'), state, stateType: text, ...failure }),
  fc.record({ type: of('StateRetried'), state, attempt: count }),
  fc.record({ type: of('StateCaught'), state, stateType: text, next: state }),
  fc.record({ type: fc.constantFrom('IterationStarted', 'IterationSucceeded'), state, index }),
  fc.record({ type: of('IterationFailed'), state, index, ...failure }),
  fc.record({ type: fc.constantFrom('BranchStarted', 'BranchSucceeded'), state }),
  fc.record({ type: of('BranchFailed'), state, ...failure }),
  fc.record({ type: of('MapRunStarted'), state, items: count, children: count, concurrency: count }),
  fc.record({
    type: of('MapRunEnded'),
    state,
    status,
    succeeded: count,
    failed: count,
    aborted: count,
    pending: count,
    manifestKey: text,
  }),
  fc.record({ type: of('ChildStarted'), state, index, name: fc.uuid(), input: json }),
  fc.record({ type: fc.constantFrom('ChildSucceeded', 'ChildKept'), state, index, output: json }),
  fc.record({ type: of('ChildFailed'), state, index, ...failure }),
  fc.record({ type: of('ChildAborted'), state, index }),
  fc.record({ type: of('FunctionStarted'), state, functionName: text, requestId: fc.uuid(), pid: count }),
  fc.record({ type: of('FunctionEnded'), state, report }),
);

/** Logs that a run could have written. */
const log = fc
  .array(fc.tuple(body, fc.option(fc.constantFrom('Infer[3]', 'A[0]/B[2]'))), { minLength: 1, maxLength: 12 })
  .map((bodies) =>
    bodies.map(([fields, child], at): RunEvent => ({
      id: at + 1,
      time: new Date(1.7e12 + at).toISOString(),
      ...(child !== null && { in: child }),
      ...(fields as RunEventBody),
    })),
  );

const bytesOf = (events: readonly unknown[]) => Buffer.from(events.map((event) => `${jsonText(event)}\n`).join(''));

describe('the event log', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(log, (events) => {
        const bytes = Buffer.from(events.map(formatEvent).join(''));
        const told = events.map((event) => (/^Run(Started|Resumed)$/.test(event.type) ? withFormat(event) : event));
        expect(parseEventLog(bytes, 'log')).toEqual({
          events: JSON.parse(JSON.stringify(told)) as unknown,
          length: bytes.length,
          isUnterminated: false,
        });
      }),
      { numRuns: 200 },
    );
  });

  it('that was cut off anywhere has its whole lines', () => {
    fc.assert(
      fc.property(log, fc.nat(), (events, at) => {
        const bytes = bytesOf(events);
        const cut = bytes.subarray(0, at % (bytes.length + 1));
        const { events: read, length, isUnterminated } = parseEventLog(cut, 'log');
        const whole = cut.toString('latin1').split('\n').length - 1 + (isUnterminated ? 1 : 0);
        expect(read.map(({ id }) => id)).toEqual(events.slice(0, whole).map(({ id }) => id));
        expect(length).toBe(bytesOf(events.slice(0, whole)).length - (isUnterminated ? 1 : 0));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['half a line in the middle', '{"id":1,"type":"RunSt\n{"id":2}\n', /^log, line 1, has 1 problem:.*\n?.*valid JSON/],
    [
      'an event without its fields',
      '{"id":1,"time":"2026-03-04T05:06:07.000Z","type":"StateEntered"}\n',
      /^log, line 1, has 3 problems/,
    ],
    [
      'a type of another version',
      '\n\n{"id":1,"time":"2026-03-04T05:06:07.000Z","type":"Slept"}',
      /^log, line 3, has 1 problem:\n {2}type: found "Slept"/,
    ],
    ['what is no event at its end', '[]', /^log, line 1, has 1 problem/],
  ])('with %s is refused, naming the line', (_name, content, message) => {
    expect(() => parseEventLog(Buffer.from(content), 'log')).toThrow(InvalidInputError);
    expect(() => parseEventLog(Buffer.from(content), 'log')).toThrow(message);
  });

  it('with bytes that are no text is refused', () => {
    const damaged = Buffer.from('{"id":1,"time":"2026-03-04T05:06:07.000Z","type":"RunStarted","input":"é"}\n');
    damaged[damaged.indexOf(0xc3)] = 0xff;
    expect(() => parseEventLog(damaged, 'log')).toThrow(/line 1,.*\n.*allowed: text in UTF-8/);
  });

  it('with anything in it is read or refused by name', () => {
    const sound = log.map(bytesOf);
    const damaged = fc.tuple(sound, fc.nat(), fc.nat({ max: 255 })).map(([bytes, at, value]) => {
      bytes[at % bytes.length] = value;
      return bytes;
    });
    const tally = fuzz<Uint8Array>({
      tries: 1000,
      valid: sound,
      changed: oneFieldChanged(log, oddInText).map(bytesOf),
      other: fc.oneof(damaged, fc.uint8Array({ maxLength: 200 }), fc.array(oddInText).map(bytesOf)),
      take: (bytes) => parseEventLog(bytes, 'log'),
    });

    expect(tally.changed).toBeGreaterThanOrEqual(tally.tries / 2);
    expect(tally.accepted).toBeGreaterThanOrEqual(tally.tries / 3);
  });
});
