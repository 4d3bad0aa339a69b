import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { demoModel } from '@cosmicai/demo-model';
import type { Engine, Outcome } from '@cosmicai/engine';
import { runLayout, UserInputError, type RunEvent } from '@cosmicai/payload';
import { onThisMachine } from '../../../test/engines/support.ts';
import { localEngine } from '../src/index.ts';

const signal = new AbortController().signal;
let close: () => Promise<void>;
let outcome: Outcome;
let events: RunEvent[];
/** Another process, as far as it can know: an engine that has started nothing. */
let other: Engine;

beforeAll(async () => {
  const engines: Engine[] = [];
  const under = await onThisMachine(demoModel(), (context) => {
    engines.push(localEngine(context));
    return localEngine(context, { concurrency: 2 });
  });
  close = () => under.close();
  other = engines[0]!;
  const { request } = await under.request(2);
  events = [];
  outcome = await under.engine.events(await under.engine.start(request), {
    see: (event) => events.push(event),
    signal,
  });
});
afterAll(() => close());

describe('an execution of another process on this machine', () => {
  it('is told from its log as from its process', async () => {
    const seen: RunEvent[] = [];
    const told = await other.events(outcome.execution, { see: (event) => seen.push(event), signal });

    expect(JSON.parse(JSON.stringify(seen.map(({ id, type }) => [id, type])))).toEqual(
      events.map(({ id, type }) => [id, type]),
    );
    const { status, output, place, directory } = outcome;
    expect(told).toMatchObject({ status, output, place, directory });
    expect(told.reports).toHaveLength(outcome.reports.length);
  });

  it('can’t be stopped when nobody works at it', async () => {
    await expect(other.stop(outcome.execution)).rejects.toThrow(/No process works at the execution in /);
  });

  it('has logs of its functions, of which some can be asked for', async () => {
    const { execution } = outcome;
    const found = await other.logs({ execution, function: 'infer', filter: 'rank ends' });
    expect(found).toHaveLength(2);
    for (const { time } of found) expect(Date.parse(time ?? '')).toBeGreaterThan(0);
  });

  it('must be named', async () => {
    for (const asked of [() => other.stop(), () => other.resume(), () => other.logs({})])
      await expect(asked()).rejects.toThrow(UserInputError);
  });

  it('can’t go on without its plan, and says what can be done instead', async () => {
    const { bucket, resultPath, runId } = outcome.place!;
    rmSync(join(fileURLToPath(bucket), runLayout(resultPath, runId).manifest));
    const resumed = await other.resume(outcome.execution);
    await expect(other.events(resumed, { see: () => undefined, signal })).rejects.toThrow(
      /manifest\.json(.|\n)*Start a new run with: cosmicai run --again /,
    );
  });
});
