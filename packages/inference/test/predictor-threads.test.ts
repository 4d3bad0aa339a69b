import { EnvironmentError, UserInputError } from '@cosmicai/payload';
import { coresGiven } from '../src/cores-given.ts';
import { ModelFailure } from '../src/errors.ts';
import type { ModelBytes } from '../src/model/read-model.ts';
import { createPredictor, type Predictor, type PredictorOptions, type Samples } from '../src/predictor.ts';
import { isOpen, now, portsOf, rest, ScriptedThread } from './support/scripted-thread.ts';

const modelOf = (): ModelBytes => ({
  graph: Uint8Array.of(1, 2, 3),
  external: [{ path: 'weights', data: Uint8Array.of(4, 5) }],
});

/** A predictor on its way, and the threads that it has opened. */
function begun(options: PredictorOptions = {}, bytes = modelOf()) {
  const threads: ScriptedThread[] = [];
  const predictor = createPredictor({ label: 'm.onnx', bytes }, options, (session) => {
    const thread = new ScriptedThread(session);
    threads.push(thread);
    return thread;
  });
  return { threads, predictor };
}

async function opened(workers: number, ports = portsOf()): Promise<[Predictor, ...ScriptedThread[]]> {
  const { threads, predictor } = begun({ workers });
  for (const thread of threads) thread.starts({ type: 'ready', ports });
  return [await now(predictor), ...threads];
}

/** Galaxies of 2 x 2 pixels. The pixels of galaxy k are k, its magnitudes k and zeros. */
function galaxies(count: number): Samples {
  return {
    count,
    images: Float32Array.from({ length: count * 20 }, (_, at) => Math.floor(at / 20)),
    magnitudes: Float64Array.from({ length: count * 5 }, (_, at) => (at % 5 === 0 ? at / 5 : 0)),
  };
}

/** First and last galaxy of each request that a thread hasn't answered. */
const asked = (...threads: ScriptedThread[]) =>
  threads.map(({ requests }) => requests.map(({ magnitudes }) => [magnitudes[0], magnitudes.at(-5)]));

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return await now(
    promise.then(
      () => {
        throw new Error('It has not failed.');
      },
      (error: unknown) => error,
    ),
  );
}

describe('the threads of a predictor', () => {
  it('are one for each core, each with one thread of onnxruntime, unless other numbers are asked for', () => {
    const { threads } = begun();
    expect(threads.map(({ session }) => session.threads)).toEqual(Array(coresGiven()).fill(1));
    const other = begun({ workers: 3, threads: 2 });
    expect(other.threads.map(({ session }) => session.threads)).toEqual([2, 2, 2]);
  });

  it('have a copy of the model each, the last one the bytes themselves', () => {
    const bytes = modelOf();
    const { threads } = begun({ workers: 3 }, bytes);
    expect(threads.map(({ session }) => session.model)).toEqual([modelOf(), modelOf(), modelOf()]);
    const memory = threads.flatMap(({ session: { model } }) => [model.graph.buffer, model.external[0]?.data.buffer]);
    expect(new Set(memory).size).toBe(6);
    expect(memory.slice(4)).toEqual([bytes.graph.buffer, bytes.external[0]?.data.buffer]);
    expect(threads[2]?.session.model).toBe(bytes);
  });

  it('are waited for till the last one is ready, and keep no process alive then', async () => {
    const { threads, predictor } = begun({ workers: 2 });
    threads[0]?.starts();
    expect(await isOpen(predictor)).toBe(true);
    threads[1]?.starts();
    expect(await now(predictor)).toMatchObject({ workers: 2, closed: false });
    expect(threads.map(({ held, terminated }) => ({ held, terminated }))).toEqual(
      Array(2).fill({ held: false, terminated: false }),
    );
  });

  it('end when one refuses the model, which is told once that one is gone', async () => {
    const { threads, predictor } = begun({ workers: 3 });
    const [first, second, third] = threads;
    first?.starts();
    second?.starts({ type: 'refused', message: 'it is no model' });
    third?.starts();
    expect(await isOpen(predictor)).toBe(true);
    expect(threads.map(({ terminated }) => terminated)).toEqual([false, true, false]);
    second?.exits(0);
    const error = await failure(predictor);
    expect(error).toBeInstanceOf(UserInputError);
    expect(error).toMatchObject({ message: "The model m.onnx can't be used: it is no model." });
    expect(threads.map(({ terminated }) => terminated)).toEqual([true, true, true]);
  });

  it.each<[string, (thread: ScriptedThread) => void, string]>([
    ['fails', (thread) => thread.emit('error', new Error('no memory')), 'no memory'],
    ['ends', (thread) => thread.exits(7), 'exit code 7'],
  ])('end when one %s before it has begun', async (_, dies, reason) => {
    const { threads, predictor } = begun({ workers: 2 });
    threads[0]?.starts();
    threads.slice(1).forEach(dies);
    const error = await failure(predictor);
    expect(error).toBeInstanceOf(EnvironmentError);
    expect(error).toMatchObject({
      message: `An inference worker can't start: ${reason}`,
      cause: expect.objectContaining({ message: reason }) as Error,
    });
    expect(threads[0]?.terminated).toBe(true);
  });

  it('end when one can’t be opened', async () => {
    const threads: ScriptedThread[] = [];
    const predictor = createPredictor({ label: 'm', bytes: modelOf() }, { workers: 2 }, (session) => {
      if (threads.length === 1) throw new Error('no more threads');
      const thread = new ScriptedThread(session);
      threads.push(thread);
      return thread;
    });
    threads[0]?.starts();
    expect(await failure(predictor)).toMatchObject({ message: 'no more threads' });
    expect(threads[0]?.terminated).toBe(true);
  });

  it('end when the model isn’t one of galaxies', async () => {
    const { threads, predictor } = begun({ workers: 2 });
    for (const thread of threads) thread.starts({ type: 'ready', ports: { ...portsOf(), outputs: [] } });
    const error = await failure(predictor);
    expect(error).toBeInstanceOf(UserInputError);
    expect(error).toMatchObject({
      message: expect.stringMatching(/^The model m\.onnx can't be used: it has no output "redshift"/) as string,
      cause: expect.any(UserInputError) as Error,
    });
    expect(threads.map(({ terminated }) => terminated)).toEqual([true, true]);
  });

  it('end when it can’t be told what the model is, for which nobody is blamed', async () => {
    const { threads, predictor } = begun({ workers: 1 });
    const ports = {
      ...portsOf(),
      get inputs(): never {
        throw new TypeError('no list');
      },
    };
    threads[0]?.starts({ type: 'ready', ports });
    expect(await failure(predictor)).toEqual(new TypeError('no list'));
    expect(threads[0]?.terminated).toBe(true);
  });

  it('that die while others are still loading are lost', async () => {
    const { threads, predictor } = begun({ workers: 2 });
    threads[0]?.starts();
    await rest();
    threads[0]?.emit('error', new Error('no memory'));
    threads[1]?.starts();
    const open = await now(predictor);
    expect(open.closed).toBe(true);
    expect(await failure(open.predict(galaxies(1)))).toMatchObject({ message: 'The predictor is closed.' });
  });
});

describe('what a predictor hands out', () => {
  it('is two parts to each thread, in turns, and the next to the one that answers', async () => {
    const [predictor, one, other] = await opened(2);
    const told: number[] = [];
    const predicting = predictor.predict(galaxies(150), undefined, (count) => told.push(count));
    // prettier-ignore
    expect(asked(one!, other!)).toEqual([[[0, 31], [64, 95]], [[32, 63], [96, 127]]]);
    other?.answers();
    // prettier-ignore
    expect(asked(one!, other!)).toEqual([[[0, 31], [64, 95]], [[96, 127], [128, 149]]]);
    other?.answers();
    other?.answers();
    expect(told).toEqual([32, 32, 22]);
    one?.answers();
    expect(await isOpen(predicting)).toBe(true);
    one?.answers();
    expect([...(await now(predicting))]).toEqual(Array.from({ length: 150 }, (_, k) => k));
    expect(told).toEqual([32, 32, 22, 32, 32]);
  });

  it('says of each part what it is, and leaves the galaxies as they were', async () => {
    const [predictor, thread] = await opened(1);
    const samples = galaxies(3);
    void predictor.predict(samples, 2);
    const [first, second] = thread!.requests;
    expect(first).toEqual({
      id: first?.id,
      contract: predictor.contract,
      images: samples.images.slice(0, 40),
      magnitudes: samples.magnitudes.slice(0, 10),
      count: 2,
    });
    expect(second).toMatchObject({
      count: 1,
      images: samples.images.slice(40),
      magnitudes: Float64Array.of(2, 0, 0, 0, 0),
    });
    expect(second?.id).not.toBe(first?.id);
    expect(samples).toEqual(galaxies(3));
    // Copied once, for the thread, to which the memory of the copies goes.
    expect(thread!.taken.map(({ byteLength }) => byteLength)).toEqual([0, 0, 0, 0]);
  });

  it.each<[string, number | 'n', number | undefined, number[]]>([
    ['32 at most', 'n', 100, [32, 8]],
    ['as many as asked for', 'n', 15, [15, 15, 10]],
    ['one at least', 'n', 0, Array<number>(40).fill(1)],
    ['as many as the model was frozen at', 16, 5, [16, 16, 8]],
    ['more than 32 if the model was frozen at that', 36, undefined, [36, 4]],
  ])('is so many galaxies at a time: %s', async (_, batch, forwardPass, parts) => {
    const [predictor, thread] = await opened(1, portsOf(batch));
    const told: number[] = [];
    const predicting = predictor.predict(galaxies(40), forwardPass, (count) => told.push(count));
    while (thread!.requests.length > 0) thread!.answers();
    await now(predicting);
    expect(told).toEqual(parts);
  });

  it('keeps the process alive till all of it is answered', async () => {
    const [predictor, thread] = await opened(1);
    const predicting = predictor.predict(galaxies(3), 1);
    expect(thread?.held).toBe(true);
    thread?.answers();
    thread?.answers();
    expect(thread?.held).toBe(true);
    thread?.answers();
    expect(thread?.held).toBe(false);
    await now(predicting);
  });

  it('is nothing of no galaxies', async () => {
    const [predictor, thread] = await opened(1);
    expect(await now(predictor.predict(galaxies(0)))).toHaveLength(0);
    expect(thread?.requests).toEqual([]);
  });
});

describe('a part that fails', () => {
  it('is named, and those behind it are dropped, but not those of others', async () => {
    const [predictor, thread] = await opened(1);
    const samples = galaxies(5);
    const failing = predictor.predict(samples, 1);
    const other = predictor.predict(samples, 5);
    thread?.answers();
    thread?.fails('it is out of range');
    const error = await failure(failing);
    expect(error).toBeInstanceOf(ModelFailure);
    expect(error).toMatchObject({ message: "The model m.onnx can't be used: it is out of range.", start: 1, count: 1 });
    // Sent before that was known: the third and the fourth. The fifth never is.
    expect(asked(thread!)).toEqual([[[2, 2], [3, 3]]]); // prettier-ignore
    thread?.fails('it is out of range');
    thread?.answers();
    thread?.answers();
    expect([...(await now(other))]).toEqual([0, 1, 2, 3, 4]);
    expect(thread?.requests).toEqual([]);
  });

  it('can’t be handed over: others are', async () => {
    const [predictor, thread] = await opened(1);
    thread!.full = true;
    const failing = predictor.predict(galaxies(5), 1);
    const alsoFailing = predictor.predict(galaxies(5), 1);
    const waiting = predictor.predict(galaxies(2), 1);
    thread!.full = false;
    for (const each of [failing, alsoFailing]) {
      const error = await failure(each);
      expect(error).toBeInstanceOf(EnvironmentError);
      expect(error).toMatchObject({
        message: "A batch can't be handed to a worker: no memory",
        cause: expect.objectContaining({ message: 'no memory' }) as Error,
      });
    }
    expect(thread?.held).toBe(true);
    while (thread!.requests.length > 0) thread!.answers();
    expect([...(await now(waiting))]).toEqual([0, 1]);
    expect(thread?.held).toBe(false);
  });
});

describe('a predictor that loses a thread', () => {
  it.each<[string, (thread: ScriptedThread) => void, string]>([
    ['fails', (thread) => thread.emit('error', new Error('no memory')), 'no memory'],
    ['ends', (thread) => thread.exits(134), 'exit code 134'],
  ])('fails what the thread had and what waits when it %s', async (_, dies, reason) => {
    const [predictor, one, other] = await opened(2);
    const had = [predictor.predict(galaxies(1)), predictor.predict(galaxies(2)), predictor.predict(galaxies(3))];
    const last = predictor.predict(galaxies(4));
    const waiting = predictor.predict(galaxies(5));
    dies(one!);
    for (const failed of [had[0]!, had[2]!, waiting]) {
      const error = await failure(failed);
      expect(error).toBeInstanceOf(EnvironmentError);
      expect(error).toMatchObject({
        message: `An inference worker stopped: ${reason}`,
        cause: expect.objectContaining({ message: reason }) as Error,
      });
    }
    expect(predictor.closed).toBe(true);
    expect(await failure(predictor.predict(galaxies(1)))).toMatchObject({ message: 'The predictor is closed.' });
    // The other one ends what it has.
    other?.answers();
    other?.answers();
    expect(await now(had[1]!)).toHaveLength(2);
    expect(await now(last)).toHaveLength(4);
    await now(predictor.close());
  });

  it('takes no answer of it any more', async () => {
    const [predictor, thread] = await opened(1);
    const told: number[] = [];
    const predicting = predictor.predict(galaxies(1), undefined, (count) => told.push(count));
    thread?.emit('error', new Error('no memory'));
    await failure(predicting);
    thread?.answers();
    expect(told).toEqual([]);
  });
});

describe('closing', () => {
  it('drops what waits, and ends each thread when it has done what it was given', async () => {
    const [predictor, one, other] = await opened(2);
    const begunByBoth = [1, 2, 3, 4].map((count) => predictor.predict(galaxies(count)));
    const waiting = predictor.predict(galaxies(5));
    const closing = predictor.close();
    expect(predictor.closed).toBe(true);
    const error = await failure(waiting);
    expect(error).toBeInstanceOf(EnvironmentError);
    expect(error).toMatchObject({ message: 'The predictor is closed.' });
    one?.answers();
    await rest();
    expect([one?.terminated, other?.terminated]).toEqual([false, false]);
    one?.answers();
    await rest();
    expect([one?.terminated, other?.terminated]).toEqual([true, false]);
    other?.answers();
    other?.answers();
    await now(closing);
    expect(other?.terminated).toBe(true);
    await now(Promise.all(begunByBoth));
  });

  it('waits for no thread that is gone or has nothing to do', async () => {
    const [predictor, one, other] = await opened(2);
    const predicting = predictor.predict(galaxies(1));
    const closing = predictor.close();
    await rest();
    expect([one?.terminated, other?.terminated]).toEqual([false, true]);
    one?.exits(1);
    await failure(predicting);
    await now(closing);
  });
});
