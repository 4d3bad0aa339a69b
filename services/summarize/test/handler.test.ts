import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runSummarySchema } from '@cosmicai/payload';
import { fileStore } from '@cosmicai/store';
import { givenPlan, layout, reference, RUN_ID, task } from './given-plan.ts';

// As its deployment says.
process.env.COSMICAI_STAGE = 'dev';
const { resultSummary, summarize } = await import('../src/handler.ts');

const folder = mkdtempSync(join(tmpdir(), 'cosmicai-summarize-handler-'));
const store = fileStore(join(folder, 'galaxies'));
const daemon = createSocket('udp4');

beforeAll(async () => {
  daemon.bind(0, '127.0.0.1');
  await once(daemon, 'listening');
});
afterAll(() => {
  daemon.close();
  rmSync(folder, { recursive: true });
});

/** What a call answers, when it began and ended, and the JSON that it prints. */
async function watched<T>(call: () => Promise<T>) {
  const environment = {
    COSMICAI_STORE: pathToFileURL(folder).href,
    AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${daemon.address().port}`,
    _X_AMZN_TRACE_ID: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
  };
  const earlier = Object.keys(environment).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, environment);
  const traced = once(daemon, 'message') as Promise<[Buffer]>;
  const printed: string[] = [];
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text: string | Uint8Array) => printed.push(String(text)) > 0;
  const from = Date.now();
  try {
    const answer = await call();
    const [, trace] = (await traced)[0].toString().split('\n');
    return { answer, from, to: Date.now(), printed: parsed(printed.join('')), trace: JSON.parse(trace!) as unknown };
  } finally {
    process.stdout.write = write;
    for (const [name, value] of earlier) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  }
}

function parsed(lines: string): unknown[] {
  return lines
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): unknown => JSON.parse(line));
}

/** CloudWatch's embedded metrics of a run that succeeded, or failed. */
const metrics = (succeeded: number) => ({
  _aws: expect.objectContaining({
    CloudWatchMetrics: [
      {
        Namespace: 'CosmicAI',
        Dimensions: [['service', 'stage']],
        Metrics: [
          { Name: 'RunsSucceeded', Unit: 'Count' },
          { Name: 'RunsFailed', Unit: 'Count' },
        ],
      },
    ],
  }) as object,
  service: 'summarize',
  stage: 'dev',
  run_id: RUN_ID,
  RunsSucceeded: succeeded,
  RunsFailed: 1 - succeeded,
});

describe('the functions of summarize', () => {
  it('combine a run, and tell log, metrics and trace of it', async () => {
    await givenPlan(store, 1);

    const { answer, from, to, printed, trace } = await watched(() => summarize({ run: reference }));

    expect(answer).toMatchObject({ run_id: RUN_ID, status: 'FAILED' });
    const { status, cause } = answer;
    expect(printed).toEqual([
      expect.objectContaining({ level: 'INFO', message: 'run summarized', service: 'summarize', run_id: RUN_ID, status, cause }), // prettier-ignore
      metrics(0),
    ]);
    expect(trace).toMatchObject({ name: 'summarize', annotations: { run_id: RUN_ID, status: 'FAILED' } });
    const summary = runSummarySchema.parse(JSON.parse((await store.get(layout.summary)).toString()));
    expect(Date.parse(summary.finished_at)).toBeGreaterThanOrEqual(from);
    expect(Date.parse(summary.finished_at)).toBeLessThanOrEqual(to);
  });

  it('tell a run, or several, by what they are given', async () => {
    await givenPlan(store, 1);
    await store.put(layout.manifest, JSON.stringify([{ ...task(0, 1), DATA_PATH: null }]));

    const { answer, printed } = await watched(() => resultSummary({ run: reference }));

    expect(answer).toMatchObject({ run_id: RUN_ID, status: 'SUCCEEDED' });
    expect(printed.at(-1)).toEqual(metrics(1));
    process.env.COSMICAI_STORE = pathToFileURL(folder).href;
    try {
      expect(await resultSummary({ bucket: 'galaxies', prefix: 'out' })).toMatchObject({ runs: 1 });
    } finally {
      delete process.env.COSMICAI_STORE;
    }
  });
});
