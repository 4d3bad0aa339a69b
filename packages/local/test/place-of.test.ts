import type { RunEvent } from '@cosmicai/payload';
import { placeOf } from '../src/engine/place-of.ts';

const event = (body: object): RunEvent => ({ id: 1, time: '2026-03-04T05:06:07Z', ...body }) as unknown as RunEvent;
const planned = (runId: string) => {
  const run = { run_id: runId, bucket: 'file:///data', result_path: 'results' };
  return event({ type: 'StateExited', state: 'Initialize', stateType: 'Task', output: { run } });
};

it('the run of an execution that planned twice, killed in between, is the last', () => {
  const report = { functionName: 'summarize' };
  const events = [planned('first'), planned('second'), event({ type: 'FunctionEnded', state: 'Summarize', report })];

  expect(placeOf(events, undefined)).toMatchObject({ runId: 'second', resultPath: 'results' });
  expect(placeOf(events.slice(0, 2), undefined)).toBeUndefined();
});
