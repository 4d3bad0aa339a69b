import type { RunEvent } from '@cosmicai/payload';
import { Job, type Outcome, type RankSignal, type Telling } from '../src/index.ts';

const event = (id: number): RunEvent => ({ id, time: '2026-03-04T05:06:07Z', type: 'BranchStarted', state: 'A' });
const outcome = (status: Outcome['status']) => ({ status }) as Outcome;

/** A job whose work does what the test tells it to. */
function jobOfTest(signal = new AbortController().signal) {
  const work = Promise.withResolvers<Outcome>();
  let telling: Telling | undefined;
  const job = new Job(signal, (given) => {
    telling = given;
    return work.promise;
  });
  return { job, work, telling: telling! };
}

describe('Job', () => {
  it('tells everybody everything, however late they come, and its end', async () => {
    const { job, work, telling } = jobOfTest();
    const seen: [number[], number[]] = [[], []];
    const heard: RankSignal[] = [];
    telling.see(event(1));
    const early = job.watch({ see: ({ id }) => seen[0].push(id), hear: (signal) => heard.push(signal) });
    telling.see(event(2));
    telling.hear({ type: 'RankBegan', rank: 3 });
    const late = job.watch({ see: ({ id }) => seen[1].push(id) });
    telling.see(event(3));
    expect(job.isOver).toBe(false);
    work.resolve(outcome('SUCCEEDED'));

    expect(await Promise.all([early, late])).toEqual([outcome('SUCCEEDED'), outcome('SUCCEEDED')]);
    expect(seen).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(heard).toEqual([{ type: 'RankBegan', rank: 3 }]);
    expect(job.isOver).toBe(true);
  });

  it('is stopped by itself, or with all others of its process', async () => {
    const process = new AbortController();
    const [one, other] = [jobOfTest(process.signal), jobOfTest(process.signal)];
    one.telling.signal.addEventListener('abort', () => one.work.resolve(outcome('ABORTED')));
    await one.job.stop('enough');
    expect(one.job.isOver).toBe(true);
    expect(other.telling.signal.aborted).toBe(false);
    process.abort();
    expect(other.telling.signal.aborted).toBe(true);
  });

  it('keeps its error for who watches it, and disturbs nobody else with it', async () => {
    const { job, work } = jobOfTest();
    work.reject(new Error('lost'));
    await new Promise(setImmediate);
    await expect(job.watch({ see: () => undefined })).rejects.toThrow('lost');
    await job.stop('too late');
    expect(job.isOver).toBe(true);
  });
});
