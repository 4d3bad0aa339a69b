import { UserInputError } from '@cosmicai/payload';
import { BrokenOffError, runOfSweep, type Engine, type Outcome } from '../src/index.ts';

const RUN = { data: 'parts', results: 'sweep/results', worldSize: 2, batchSize: 8 };

/** An engine whose execution ends as told. */
function engineOf(events: () => Promise<Partial<Outcome>>, stop = () => Promise.resolve('stopped')) {
  const asked: unknown[] = [];
  const engine = {
    start: (request: unknown) => {
      asked.push(request);
      return Promise.resolve('one');
    },
    events,
    stop: (execution: string) => {
      asked.push(`stop ${execution}`);
      return stop();
    },
  } as unknown as Engine;
  const run = (signal = new AbortController().signal) =>
    runOfSweep(engine, RUN, { model: 'm.onnx', changes: { requestPayer: true }, figures }, signal);
  return { run, asked };
}
const figures = ({ execution }: Outcome) => Promise.resolve({ of: execution } as never);

describe('a run of a sweep', () => {
  it('takes what all runs have in common, and reads what it left only where there is a summary', async () => {
    const place = { bucket: 'b', resultPath: 'r', runId: 'i' };
    const whole = engineOf(() => Promise.resolve({ execution: 'one', status: 'SUCCEEDED', place }));
    const ended = await whole.run();
    expect(whole.asked).toEqual([{ model: 'm.onnx', changes: { requestPayer: true, ...RUN } }]);
    expect(await ended.figures?.()).toEqual({ of: 'one' });

    const failed = engineOf(() => Promise.resolve({ status: 'FAILED', error: 'E', cause: 'why' }));
    expect(await failed.run()).toEqual({ status: 'FAILED', error: 'E', cause: 'why', figures: undefined });
  });

  it('that nobody waits for any more is stopped, if it isn’t over', async () => {
    const stopped = AbortSignal.abort(new Error('Ctrl-C'));
    const reason = () => Promise.reject(new Error('Ctrl-C'));
    const atWork = engineOf(reason);
    await expect(atWork.run(stopped)).rejects.toThrow('Ctrl-C');
    expect(atWork.asked.at(-1)).toBe('stop one');
    const over = engineOf(reason, () => Promise.reject(new UserInputError('It is over.')));
    await expect(over.run(stopped)).rejects.toThrow('Ctrl-C');
    const refusing = engineOf(reason, () => Promise.reject(new Error('not allowed')));
    await expect(refusing.run(stopped)).rejects.toThrow('not allowed');
  });

  it('that broke off names no command to go on by, as the sweep goes on by itself', async () => {
    const cause = new Error('no space left');
    const { run, asked } = engineOf(() => Promise.reject(new BrokenOffError(cause, 'cosmicai run --resume x')));
    await expect(run()).rejects.toBe(cause);
    expect(asked).toHaveLength(1);
  });
});
