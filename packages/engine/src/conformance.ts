import { join } from 'node:path';
import type { RunFigures } from '@cosmicai/bench';
import { UserInputError, type RunEvent } from '@cosmicai/payload';
import { layoutOf, openPlace, ranksInStore, readItems, verifyFolder } from '@cosmicai/runs';
import { resultsLocation } from '@cosmicai/store';
import { openSweep } from './sweep.ts';
import { plannedRunOf } from './planned-run.ts';
import type { Engine, Outcome, RankSignal, StartRequest, Watch } from './engine.ts';

/** What the suite needs of an engine and of the place where it runs. */
export interface EngineUnderTest {
  readonly engine: Engine;
  /** A run of so many ranks, with a partition for each and a few galaxies in it; each call gives a place of its own. */
  request(ranks: number): Promise<RunOfTest>;
  /** Waits until functions that were called before an execution was stopped are through: some engines leave them at work. */
  idle(): Promise<void>;
  close(): Promise<void>;
  /** Folder of this machine that tests may write into. */
  readonly folder: string;
  /** `host:port` where a ping is to meet; default: the engine's own. */
  readonly rendezvous?: string;
}

export interface RunOfTest {
  readonly request: StartRequest;
  /** Galaxies of all partitions together. */
  readonly galaxies: number;
  /** Has a rank fail until that is undone, though the inputs of the run are, to its plan, as they were. */
  spoil(rank: number): Promise<Spoiling>;
}

export interface Spoiling {
  /** Takes the events of the execution, for what can only be spoiled once the run is planned. */
  readonly see: (event: RunEvent) => void;
  readonly undo: () => Promise<void>;
}

/**
 * What every engine must hold. Registers tests: call it in a test file.
 *
 * @param open opens the engine once, before all tests
 */
export function engineConformance(name: string, open: () => Promise<EngineUnderTest>): void {
  describe(`engine ${name}`, () => {
    let under: EngineUnderTest;
    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());

    it('predicts every galaxy once, and tells of it from begin to end', async () => {
      const { engine } = under;
      const { request, galaxies } = await under.request(3);
      const execution = await engine.start(request);
      const { outcome, events } = await followed(engine, execution);

      expect(outcome).toMatchObject({ execution, status: 'SUCCEEDED' });
      expect(events.at(0)?.type).toBe('RunStarted');
      expect(events.at(-1)?.type).toBe('RunEnded');
      expect(events.map(({ id }) => id)).toEqual(events.map((_, at) => at + 1));
      expect(statesOf(events).length).toBeGreaterThan(0);
      await expectWhole(outcome, { ranks: 3, galaxies });
      // People find it again by what they called its results.
      const results = request.changes.results ?? '';
      const located = (await engine.locate?.(results)) ?? resultsLocation(results, under.folder);
      expect(located.resultPath).toBe(outcome.place?.resultPath);
      const at = { ...outcome.place, ...located, runId: outcome.place?.runId ?? '' };
      expect(await openPlace(at).head(layoutOf(at).summary)).toBeDefined();
      // What is kept of it tells of each rank.
      for (const type of ['ChildStarted', 'ChildSucceeded'])
        expect(outcome.events.filter((event) => event.type === type)).toHaveLength(3);
      expect(outcome.reports.length).toBeGreaterThanOrEqual(3);
    });

    it('tells what became of an execution to who comes when it is over', async () => {
      const { engine } = under;
      const execution = await engine.start((await under.request(1)).request);
      const first = await followed(engine, execution);
      const second = await followed(engine, execution);

      expect(second.outcome).toMatchObject({ status: 'SUCCEEDED', place: first.outcome.place });
      expect(second.events.at(-1)?.type).toBe('RunEnded');
      if (engine.executions === undefined) return;
      const [newest] = await engine.executions.recent(1);
      expect(newest).toMatchObject({ execution, status: 'SUCCEEDED', stopped_at: expect.any(String) as string });
      expect(await engine.executions.progress(execution)).toMatchObject({
        ...newest,
        run_id: first.outcome.place?.runId,
        states: statesOf(first.events),
        ranks: { total: 1, succeeded: 1, failed: 0, aborted: 0, pending: 0 },
        figures: null,
        error: null,
      });
    });

    it('says why an execution failed, and goes on with the rank that is left once that is mended', async () => {
      const { engine } = under;
      const asked = await under.request(2);
      const { request, galaxies } = asked;
      const spoiling = await asked.spoil(1);
      // One after the other: the one that fails stops no other.
      const execution = await engine.start({ ...request, changes: { ...request.changes, maxConcurrency: 1 } });
      const { outcome } = await followed(engine, execution, { see: (event) => spoiling.see(event) });
      expect(outcome.status).toBe('FAILED');
      expect(outcome.error).not.toBe('');
      expect(engine.commands(execution).goOn).toContain(execution);
      const before = await writtenBy(outcome, 0);
      expect(before).toBeDefined();

      await spoiling.undo();
      const resumed = await engine.resume(execution);
      const { outcome: after } = await followed(engine, resumed);
      expect(after.status).toBe('SUCCEEDED');
      await expectWhole(after, { ranks: 2, galaxies });
      expect(await writtenBy(after, 0)).toEqual(before);
    });

    it('stops an execution, which goes on where it was', async () => {
      const { engine } = under;
      const { request, galaxies } = await under.request(4);
      const execution = await engine.start(request);
      const stopped = new Promise<string>((resolve, reject) => {
        const see = (event: RunEvent) => {
          if (event.type === 'MapRunStarted') engine.stop(execution).then(resolve, reject);
        };
        followed(engine, execution, { see }).then(({ outcome: { status } }) => resolve(status), reject);
      });
      await stopped;
      const { outcome } = await followed(engine, execution);
      expect(outcome.status).toBe('ABORTED');
      await expect(engine.stop(execution)).rejects.toThrow(UserInputError);

      await under.idle();
      const resumed = await engine.resume(execution);
      const { outcome: after } = await followed(engine, resumed);
      expect(after.status).toBe('SUCCEEDED');
      await expectWhole(after, { ranks: 4, galaxies });
    });

    it('refuses what is wrong with the payload before anything is started', async () => {
      const { engine } = under;
      const { request } = await under.request(1);
      const wrong = { ...request, changes: { ...request.changes, batchSize: 0 } };
      await expect(engine.start(wrong)).rejects.toThrow(UserInputError);
      await expect(engine.start(wrong)).rejects.toThrow(/batch_size/i);
    });

    it('starts another run like an earlier one', async () => {
      const { engine } = under;
      const { request, galaxies } = await under.request(2);
      const first = await followed(engine, await engine.start(request));
      const second = await followed(engine, await engine.start({ changes: {}, like: first.outcome.execution }));

      await expectWhole(second.outcome, { ranks: 2, galaxies });
      expect(second.outcome.place?.runId).not.toBe(first.outcome.place?.runId);
    });

    it('makes the runs of a sweep', async () => {
      const { engine } = under;
      const { request, galaxies } = await under.request(1);
      const folder = join(under.folder, 'sweep');
      const left: Outcome[] = [];
      await using target = await openSweep(
        engine,
        {
          folder,
          data: { data: request.changes.data ?? '', count: 1, seed: 1 },
          changes: {},
          simulate: () => Promise.reject(new Error('There are data.')),
          figures: (outcome) => {
            left.push(outcome);
            return Promise.resolve({} as RunFigures);
          },
        },
        new AbortController().signal,
      );
      const axes = { world_size: 1, batch_size: 8, data_size: null, partition_size: null };
      const { status, figures } = await target.run({ ...axes, repeat: 1 });
      expect(status).toBe('SUCCEEDED');
      await figures?.();
      expect(left).toHaveLength(1);
      for (const outcome of left) await expectWhole(outcome, { ranks: 1, galaxies });
      // bench.json names the engine, and nobody takes its rows for another's.
      expect(target.configuration).toMatchObject({ target: engine.name });
      expect(target.place === undefined).toBe(engine.name === 'local');
    });

    it('lets peers meet, if it can', async () => {
      const { engine, rendezvous } = under;
      const report = await engine.ping?.({ worldSize: 2, rendezvous, path: 'direct', hint: 'fast', encrypt: false });
      if (report === undefined) return;
      expect(report).toMatchObject({ ok: true, worldSize: 2, failedStep: null });
      expect(report.pairs.map(({ ranks }) => ranks)).toEqual([[0, 1]]);
    });

    it('has what the functions of an execution printed', async () => {
      const { engine } = under;
      const execution = await engine.start((await under.request(1)).request);
      await followed(engine, execution);

      const all = await engine.logs({ execution });
      expect(all.some(({ message }) => message.includes('rank ends'))).toBe(true);
      const some = await engine.logs({ execution, function: 'infer' });
      expect(some.length).toBeGreaterThan(0);
      expect(some.length).toBeLessThan(all.length);
      for (const { function: from } of some) expect(from).toContain('infer');
      await expect(engine.logs({ execution, function: 'nosuch' })).rejects.toThrow(UserInputError);
    });

    it('names an execution that it doesn’t know', async () => {
      const { engine } = under;
      const signal = AbortSignal.timeout(60_000);
      for (const asked of [
        () => engine.events('nosuch', { see: () => undefined, signal }),
        () => engine.resume('nosuch'),
        () => engine.stop('nosuch'),
        () => engine.logs({ execution: 'nosuch' }),
        ...(engine.executions === undefined ? [] : [() => engine.executions?.progress('nosuch')]),
      ])
        await expect(asked()).rejects.toThrow(UserInputError);
    });
  });
}

/** Follows an execution to its end. */
async function followed(
  engine: Engine,
  execution: string,
  watch: Partial<Watch> = {},
): Promise<{ outcome: Outcome; events: RunEvent[]; signals: RankSignal[] }> {
  const events: RunEvent[] = [];
  const signals: RankSignal[] = [];
  const outcome = await engine.events(execution, {
    see: (event) => {
      events.push(event);
      watch.see?.(event);
    },
    hear: (signal) => signals.push(signal),
    signal: new AbortController().signal,
  });
  return { outcome, events, signals };
}

function statesOf(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'StateEntered' ? [event.state] : []));
}

async function expectWhole(
  { place }: Outcome,
  { ranks, galaxies }: { readonly ranks: number; readonly galaxies: number },
): Promise<void> {
  if (place === undefined) throw new Error('The execution came to no summary.');
  const layout = layoutOf(place);
  const store = openPlace(place);
  const { manifest } = await readItems(store, layout.manifest);
  const { whole, missing } = await ranksInStore(store, manifest);
  expect([whole.size, missing.size]).toEqual([ranks, 0]);
  expect([...whole.values()].reduce((sum, { samples }) => sum + samples, 0)).toBe(galaxies);
  const { proof, findings } = await verifyFolder(store, layout);
  expect(findings).toEqual([]);
  expect(proof).toBeDefined();
}

/** When the result of a rank was written, and what it is. */
async function writtenBy({ events, place = plannedRunOf(events) }: Outcome, rank: number) {
  if (place === undefined) throw new Error('The execution planned no run.');
  return await openPlace(place).head(layoutOf(place).rankResult(rank));
}
