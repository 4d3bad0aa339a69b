import { HistoryReader } from '../src/run/history.ts';
import { matchReports } from '../src/run/match-reports.ts';
import { at, caught, HistoryWriter, MAP_RUN_ARN, planned } from './histories.ts';

function read(writer: HistoryWriter, child?: string) {
  const reader = new HistoryReader(child);
  return { reader, events: writer.events.flatMap((event) => reader.read(event)) };
}

describe('the history of an execution, as the local engine would have told it', () => {
  it('names states, retries and the answer of each', () => {
    const { events, reader } = read(planned());
    expect(events.map((event) => [event.type, 'state' in event ? event.state : undefined])).toEqual([
      ['RunStarted', undefined],
      ['StateEntered', 'Initialize'],
      ['StateFailed', 'Initialize'],
      ['StateRetried', 'Initialize'],
      ['StateExited', 'Initialize'],
      ['StateEntered', 'FmiEnabled'],
      ['StateExited', 'FmiEnabled'],
      ['StateEntered', 'Infer'],
    ]);
    expect(events[1]).toEqual({
      type: 'StateEntered',
      time: at(1).toISOString(),
      state: 'Initialize',
      stateType: 'Task',
      input: {},
    });
    expect(events[2]).toMatchObject({ error: 'Runtime.ExitError', cause: 'exit status 1' });
    expect(events[3]).toMatchObject({ attempt: 1 });
    expect([...reader.mapRuns]).toEqual([['Infer', MAP_RUN_ARN]]);
  });

  it('tells a failure that was caught from one that ended the run', () => {
    const { events } = read(caught());
    const infer = events.filter((event) => 'state' in event && event.state === 'Infer');
    expect(infer.map(({ type }) => type)).toEqual(['StateEntered', 'StateFailed', 'StateCaught']);
    expect(infer[2]).toMatchObject({ stateType: 'Map', next: 'Summarize' });
    expect(events.at(-1)).toEqual({
      type: 'RunEnded',
      time: caught().events.at(-1)!.timestamp!.toISOString(),
      status: 'FAILED',
      error: 'RanksFailed',
      cause: '1 of 2 ranks failed.',
    });
  });

  it('reads the same in portions, wherever they are cut', () => {
    const { events } = caught();
    const whole = read(caught()).events;
    for (let cut = 1; cut < events.length; cut++) {
      const reader = new HistoryReader();
      const portions = [events.slice(0, cut), events.slice(cut)].map((part) => part.flatMap((one) => reader.read(one)));
      expect(portions.flat()).toEqual(whole);
    }
  });

  it('goes on where a redrive does', () => {
    const history = new HistoryWriter()
      .add('ExecutionStarted', {}, 0)
      .entered('Task', 'Summarize')
      .scheduled('summarize')
      .failed('StoreError', 'down')
      .add('ExecutionFailed', { executionFailedEventDetails: { error: 'StoreError', cause: 'down' } })
      .add('ExecutionRedriven', { executionRedrivenEventDetails: { redriveCount: 1 } })
      .scheduled('summarize')
      .succeeded('second')
      .exited('Task', 'Summarize', { status: 'SUCCEEDED' })
      .add('ExecutionSucceeded', { executionSucceededEventDetails: { output: '{"status":"SUCCEEDED"}' } });
    const { events, reader } = read(history);
    expect(events.map(({ type }) => type)).toEqual([
      'RunStarted',
      'StateEntered',
      'StateFailed',
      'RunEnded',
      'RunResumed',
      'StateRetried',
      'StateExited',
      'RunEnded',
    ]);
    expect(events[4]).toMatchObject({ state: 'Summarize' });
    expect(events.at(-1)).toMatchObject({ status: 'SUCCEEDED', output: { status: 'SUCCEEDED' } });
    expect(reader.attempts).toHaveLength(2);
  });

  it('marks what happened in a child execution', () => {
    const { events } = read(new HistoryWriter().entered('Task', 'Predict').exited('Task', 'Predict'), 'Infer[3]');
    expect(events.map((event) => event.in)).toEqual(['Infer[3]', 'Infer[3]']);
  });

  it('keeps text that is not valid JSON, which AWS cuts off where it is long', () => {
    const { events } = read(
      new HistoryWriter().add('ExecutionStarted', { executionStartedEventDetails: { input: '{"bucket":"gal' } }),
    );
    expect(events[0]).toMatchObject({ type: 'RunStarted', input: '{"bucket":"gal' });
  });
});

describe('REPORT lines and the invocations they are about', () => {
  const report = (requestId: string, functionName: string, ended: number, durationMs = 500) => ({
    at: at(ended).getTime(),
    functionName,
    report: { requestId, durationMs, billedDurationMs: durationMs, memorySizeMb: 512, maxMemoryUsedMb: 90 },
  });

  it('go together by request id; an attempt that failed gets the line that lies within it', () => {
    const { reader } = read(planned());
    const attempts = reader.attempts.map((attempt) => ({ ...attempt, in: undefined }));
    // The first attempt ran from second 3 to 4, the second from 6 to 7.
    const lines = [
      report('request-init', 'cosmicai-init-dev-init', 7),
      report('failed-first', 'cosmicai-init-dev-init', 4),
      report('somebody-else', 'cosmicai-init-dev-init', 40),
      report('another-function', 'cosmicai-inference-dev-inference', 4),
    ];
    const { matched, attemptsWithout } = matchReports(attempts, lines);
    expect(matched.map(({ logged }) => logged.report.requestId)).toEqual(['failed-first', 'request-init']);
    expect(attemptsWithout).toEqual([]);
  });

  it('never give one line to two attempts, and say which attempt has none', () => {
    const base = { state: 'Predict', functionName: 'infer', startedAt: at(0).getTime(), endedAt: at(2).getTime() };
    const attempts = [
      { ...base, in: 'Infer[0]' },
      { ...base, in: 'Infer[1]' },
      { ...base, in: 'Infer[2]', requestId: 'gone' },
    ];
    const { matched, attemptsWithout } = matchReports(attempts, [report('only', 'infer', 2)]);
    expect(matched.map(({ attempt }) => attempt.in)).toEqual(['Infer[0]']);
    expect(attemptsWithout.map((attempt) => attempt.in)).toEqual(['Infer[1]', 'Infer[2]']);
  });

  it('go to invocations whose execution was stopped last: by when they began, as those have no end', () => {
    const base = { state: 'Predict', functionName: 'infer', startedAt: at(1).getTime() };
    const attempts = [
      { ...base, in: 'Infer[0]' },
      { ...base, in: 'Infer[1]', endedAt: at(3).getTime() },
      { ...base, in: 'Infer[2]', startedAt: at(2).getTime() },
      { ...base, in: 'Infer[3]', startedAt: at(4).getTime() },
    ];
    const lines = [
      report('failed', 'infer', 3, 2000),
      report('went on', 'infer', 60, 58_000),
      report('also', 'infer', 200, 197_000),
      // What began before all of them or long after is another's.
      report('earlier', 'infer', 30, 60_000),
      report('later', 'infer', 30, 1000),
      report('another', 'summarize', 5, 1000),
    ];
    const { matched, attemptsWithout, abandoned } = matchReports(attempts, lines);
    expect(matched.map(({ attempt, logged }) => [attempt.in, logged.report.requestId])).toEqual([
      ['Infer[1]', 'failed'],
      ['Infer[0]', 'went on'],
      ['Infer[2]', 'also'],
    ]);
    expect(attemptsWithout).toEqual([]);
    expect(abandoned.map((attempt) => attempt.in)).toEqual(['Infer[3]']);
  });

  it('are not looked for where Lambda refused the invocation', () => {
    const refused = new HistoryWriter()
      .entered('Task', 'Predict')
      .scheduled('infer')
      .failed('Lambda.TooManyRequestsException', 'Rate Exceeded.')
      .scheduled('infer')
      .failed('Lambda.ENINotReadyException', 'not connected yet')
      .scheduled('infer')
      .failed('Runtime.ExitError', 'exit status 1');
    const { reader, events } = read(refused);
    expect(reader.attempts).toEqual([expect.objectContaining({ startedAt: at(9).getTime() })]);
    expect(events.map(({ type }) => type)).toEqual([
      'StateEntered',
      'StateFailed',
      'StateRetried',
      'StateFailed',
      'StateRetried',
      'StateFailed',
    ]);
  });
});
