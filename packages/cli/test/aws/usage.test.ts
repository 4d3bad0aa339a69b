import { fileURLToPath } from 'node:url';
import { loadDefinition, type RunEvent } from '@cosmicai/local';
import { costOfRun, DEFAULT_RENDEZVOUS_SIZE, pricesOf } from '@cosmicai/metrics';
import { DEFAULT_CALIBRATION, loadsOf, quoteRun, type RunPlan } from '@cosmicai/quote';
import { executionRecordSchema, parseAs, type ExecutionRecord, type RankResult } from '@cosmicai/payload';
import { rendezvousSize, stageOptions } from '@cosmicai/deploy';
import { calledFunctions, functionSizes, provisionedFor } from '@cosmicai/aws';
import { billOf, usageOf, type UsageSources } from '@cosmicai/runs/gather';

const MACHINE = fileURLToPath(new URL('../../../../state-machine.asl.yml', import.meta.url));
const RANK_FUNCTION = 'cosmicai-inference-dev-inference';

const definitionWith = (childType: string, qualifier = ':provisioned') =>
  loadDefinition(MACHINE, {
    variables: {
      'sls:stage': 'dev',
      'self:custom.options.map_execution_type': childType,
      'self:custom.options.infer_qualifier': qualifier,
    },
  });

/** Events with ids and times, each so many milliseconds after the start. */
function eventsOf(...events: (Record<string, unknown> & { at?: number })[]): RunEvent[] {
  const start = Date.parse('2026-03-04T05:06:07.000Z');
  return events.map(
    ({ at = 0, ...event }, index) =>
      ({ id: index + 1, time: new Date(start + at).toISOString(), ...event }) as unknown as RunEvent,
  );
}

const entered = (state: string, child?: string) => ({
  type: 'StateEntered',
  state,
  stateType: 'Task',
  input: null,
  ...(child !== undefined && { in: child }),
});
const STARTED = { type: 'RunStarted', input: {} };
const OUTER = ['Initialize', 'FmiEnabled', 'Infer', 'Summarize', 'RunSucceeded', 'Done'].map((state) => entered(state));
const MAP = { type: 'MapRunStarted', state: 'Infer', items: 3, children: 3, concurrency: 3 };
const child = (type: string, index: number, at: number) => ({ type, state: 'Infer', index, at });
/** Children of 350 ms, 2 s, and 1.01 s. */
const CHILDREN = [
  child('ChildStarted', 0, 0),
  child('ChildStarted', 1, 0),
  child('ChildStarted', 2, 100),
  child('ChildSucceeded', 0, 350),
  child('ChildFailed', 2, 1110),
  child('ChildSucceeded', 1, 2000),
];

const stepFunctionsOf = (events: RunEvent[], sources: UsageSources) => usageOf(events, sources).stepFunctions;

describe('what Step Functions is paid for', () => {
  it('are requests and duration of Express children, in steps of 100 ms at 64 MB, and no transitions in them', () => {
    const events = eventsOf(STARTED, ...OUTER, MAP, ...CHILDREN, entered('Predict', 'Infer[0]'));
    const usage = usageOf(events, { definition: definitionWith('EXPRESS') });

    expect(usage.stepFunctions).toEqual({
      standardTransitions: 6,
      expressRequests: 3,
      expressGbSeconds: expect.closeTo((0.4 + 2 + 1.1) * (64 / 1024), 12) as number,
    });
    expect(costOfRun(usage, pricesOf()).items.map(({ item }) => item)).toEqual([
      'Standard',
      'Express requests',
      'Express duration',
    ]);
  });

  it('are transitions of Standard children: each state entered or retried, one where a child has no history', () => {
    const retried = { type: 'StateRetried', state: 'Predict', attempt: 1, in: 'Infer[0]' };
    const events = eventsOf(STARTED, ...OUTER, MAP, ...CHILDREN, entered('Predict', 'Infer[0]'), retried);

    expect(stepFunctionsOf(events, { definition: definitionWith('STANDARD') })).toEqual({
      // Child 0 entered and retried its state; of 1 and 2 nothing is told but that they ran.
      standardTransitions: 6 + 2 + 2,
      expressRequests: 0,
      expressGbSeconds: 0,
    });
  });

  it('are as many children as the Map counted, where nobody lists them', () => {
    const events = eventsOf(STARTED, ...OUTER, MAP);

    expect(stepFunctionsOf(events, { definition: definitionWith('STANDARD') })?.standardTransitions).toBe(6 + 3);
    expect(stepFunctionsOf(events, { definition: definitionWith('EXPRESS') })?.expressRequests).toBe(3);
  });

  it('is nothing for ranks that somebody’s machine called again', () => {
    const events = eventsOf(entered('Infer'), MAP, ...CHILDREN, entered('Summarize'));

    expect(stepFunctionsOf(events, { definition: definitionWith('EXPRESS') })).toBeUndefined();
  });
});

describe('what Lambda is paid for', () => {
  it('are ranks without a REPORT line too, by what they tell of themselves and the stage of its functions', () => {
    const rank = (total: number) =>
      ({ memory_limit_mb: 3008, architecture: 'x86_64', timing: { total } }) as unknown as RankResult;
    const sizes = { [RANK_FUNCTION]: { architecture: 'arm64', ephemeralStorageMb: 1024 } } as const;

    const { lambda } = usageOf(eventsOf(STARTED), {
      definition: definitionWith('EXPRESS'),
      sizes,
      unreported: [rank(1.2341), rank(2)],
    });

    expect(lambda).toEqual([
      {
        name: `${RANK_FUNCTION}, by the ranks’ own times,`,
        architecture: 'arm64',
        memoryMb: 3008,
        ephemeralStorageMb: 1024,
        requests: 2,
        billedSeconds: 3.235,
      },
    ]);
  });
});

describe('what a stage gives its runs', () => {
  const options = stageOptions('dev');
  const kept = { ...options, inference: { ...options.inference, provisioned_concurrency: 4 } };
  const deployed = (qualifier: string) => calledFunctions(definitionWith('STANDARD', qualifier));

  it('is a rendezvous server of the default size, where it has one', () => {
    expect(rendezvousSize(options)).toBeNull();
    expect(rendezvousSize({ rendezvous: { ...options.rendezvous, enabled: true } })).toEqual(DEFAULT_RENDEZVOUS_SIZE);
    const own = {
      ...options.rendezvous,
      enabled: true,
      mode: 'always' as const,
      cpu: 512,
      memory: 1024,
      architecture: 'ARM64' as const,
    };
    expect(rendezvousSize({ rendezvous: own })).toEqual({ vcpus: 0.5, memoryMb: 1024, architecture: 'arm64' });
  });

  it('are environments kept ready for ranks alone, and only where the deployed state machine calls them', () => {
    const sizes = functionSizes(kept, deployed(':provisioned'));

    expect(sizes[RANK_FUNCTION]?.provisioned).toEqual({ environments: 4, memoryMb: 3008 });
    expect(Object.values(sizes).filter(({ provisioned }) => provisioned !== undefined)).toHaveLength(1);
    expect(provisionedFor(kept, deployed(''))).toBe(0);
    expect(functionSizes(kept, deployed(''))[RANK_FUNCTION]).not.toHaveProperty('provisioned');
  });
});

describe('what a stage is paid for during a run', () => {
  const GB = 2 ** 30;
  const report = {
    functionName: RANK_FUNCTION,
    requestId: 'r',
    durationMs: 1000,
    billedDurationMs: 1000,
    memorySizeMb: 1024,
    maxMemoryUsedMb: 300,
  };
  const events = eventsOf(
    STARTED,
    { type: 'FunctionEnded', state: 'Predict', report, at: 60_000 },
    { type: 'RunEnded', status: 'SUCCEEDED', at: 90_000 },
  );
  const execution: ExecutionRecord = {
    events,
    definition: definitionWith('STANDARD'),
    region: 'us-east-1',
    functions: {
      [RANK_FUNCTION]: {
        architecture: 'x86_64',
        ephemeralStorageMb: 512,
        provisioned: { environments: 4, memoryMb: 1024 },
      },
    },
    rendezvous: { vcpus: 0.5, memoryMb: 1024, architecture: 'x86_64' },
  };
  const result = { partitions: [{ key: '1.pt', size: GB / 2, samples: 1 }] };
  const run = { bucket: 'stage', fmi_enabled: true, max_concurrency: 1000, world_size: 4 };
  const billed = (changes: Partial<ExecutionRecord> = {}, changed: Partial<typeof run> = {}, dataBucket?: string) => {
    const { usage, costNote } = billOf({
      execution: { ...execution, ...changes },
      run: { ...run, ...changed },
      dataBucket,
      results: [result, result],
      s3: {},
      unreported: [],
      prices: pricesOf(),
    });
    const lines = costOfRun(usage!, pricesOf()).items.map(
      ({ item, quantity, unitPrice }) => [item, [Number(quantity.toPrecision(6)), unitPrice]] as const,
    );
    return { lines: Object.fromEntries(lines), costNote };
  };

  it('is its server for the time of the run, environments kept ready, and bytes that are free', () => {
    const { lines, costNote } = billed();

    expect(lines).toMatchObject({
      // 90 s are a 40th of an hour.
      vCPU: [0.0125, 0.04048],
      memory: [0.025, 0.004445],
      'provisioned concurrency (x86_64, 1024 MB)': [360, 0.0000041667],
      [`${RANK_FUNCTION} duration (x86_64, 1024 MB, provisioned)`]: [1, 0.0000097222],
      'from S3 to Lambda in one region': [1, 0],
    });
    expect(costNote).toMatch(/availability zone.*not in the cost/);
    expect(costNote).not.toMatch(/taken/);
  });

  it('is its server from its start until it has waited for others, where it is there for runs only', () => {
    const within = eventsOf(
      STARTED,
      { type: 'StateEntered', state: 'CheckRendezvous', stateType: 'Task', input: null, at: 30_000 },
      { type: 'RunEnded', status: 'SUCCEEDED', at: 90_000 },
    );
    const { lines, costNote } = billed({
      events: within,
      rendezvous: { vcpus: 0.5, memoryMb: 1024, architecture: 'x86_64', idleMinutes: 4 },
    });

    // A minute of the run and four that follow are a twelfth of an hour.
    expect(lines).toMatchObject({ vCPU: [0.0416667, 0.04048], memory: [0.0833333, 0.004445] });
    expect(costNote).toMatch(/counted from CheckRendezvous .* for the 4 minutes/);
  });

  it('is as much by the record that is kept', () => {
    const read = parseAs(executionRecordSchema, JSON.parse(JSON.stringify({ ...execution, events: [] })), 'execution');

    expect(billed({ ...read, events })).toEqual(billed());
  });

  it('has a server of the size that was the default in records of earlier versions, and says so', () => {
    const { rendezvous: _, functions: __, ...earlier } = execution;
    const { usage, costNote } = billOf({
      execution: earlier,
      run,
      results: [],
      s3: {},
      unreported: [],
      prices: pricesOf(),
    });

    expect(usage).toMatchObject({ fargate: { vcpuHours: 1 / 40, gbHours: expect.closeTo(3 / 40, 12) as number } });
    expect(usage).not.toHaveProperty('provisionedConcurrency');
    expect(costNote).toMatch(/taken as what was the default, 1 vCPU and 3072 MB/);
  });

  it('has no server without FMI, of another owner, for ranks called again, and nothing on this machine', () => {
    expect(billed({}, { fmi_enabled: false })).toMatchObject({ costNote: undefined });
    expect(billed({}, { fmi_enabled: false }).lines).not.toHaveProperty('vCPU');
    expect(billed({ rendezvous: null }).lines).not.toHaveProperty('vCPU');
    expect(billed({ rendezvous: null }).costNote).toMatch(/not of the stage/);
    expect(billed({ events: events.slice(1) }).lines).not.toHaveProperty('vCPU');
    const { region: _, functions: __, ...here } = execution;
    expect(billOf({ execution: here, run, results: [result], s3: {}, unreported: [], prices: pricesOf() })).toEqual({
      usage: expect.not.objectContaining({ dataTransfer: expect.anything() as unknown }) as unknown,
    });
  });

  it('does not call the data free where they lie in a bucket that may be of another region', () => {
    expect(billed({}, {}, 's3://stage')).toEqual(billed());
    const { lines, costNote } = billed({}, {}, 'survey');

    expect(lines).not.toHaveProperty('from S3 to Lambda in one region');
    expect(costNote).toMatch(/Whether survey is of the run's region is not known/);
  });

  it('takes all durations at the higher price where more ranks run at once than are kept ready', () => {
    const { lines, costNote } = billed({}, { world_size: 5 });

    expect(lines).toMatchObject({ [`${RANK_FUNCTION} duration (x86_64, 1024 MB)`]: [1, 0.0000166667] });
    expect(costNote).toMatch(/Up to 5 ranks.*4 in environments kept ready/);
    expect(billed({}, { world_size: 5, max_concurrency: 4 }).costNote).not.toMatch(/kept ready/);
  });

  it('is quoted by the same names', () => {
    const plan: RunPlan = {
      ranks: loadsOf([['1.pt'], ['2.pt']], () => GB / 2),
      batchSize: 64,
      memoryMb: 1024,
      ephemeralStorageMb: 512,
      architecture: 'x86_64',
      maxConcurrency: 1000,
      fmi: true,
      childType: 'STANDARD',
      provisionedConcurrency: 4,
      rendezvous: { vcpus: 0.25, memoryMb: 1024, architecture: 'x86_64' },
    };
    const stageItems = (items: readonly string[]) =>
      items.filter((item) => /^(vCPU|memory|provisioned|from S3)/.test(item));
    const quotedFor = (changes: Partial<RunPlan>) =>
      quoteRun({ ...plan, ...changes }, DEFAULT_CALIBRATION, { prices: pricesOf(), runs: 1 });
    const { cost, seconds } = quotedFor({});

    expect(stageItems(cost.items.map(({ item }) => item))).toEqual(stageItems(Object.keys(billed().lines)));
    expect(stageItems(cost.items.map(({ item }) => item))).toHaveLength(4);
    expect(cost.items.find(({ item }) => item === 'vCPU')?.quantity).toBeCloseTo(seconds.median / 14_400, 9);
    expect(cost.items.map(({ item }) => item)).toContain('inference duration (x86_64, 1024 MB, provisioned)');
    expect(stageItems(quotedFor({ rendezvous: null }).cost.items.map(({ item }) => item))).toHaveLength(2);
    expect(stageItems(quotedFor({ dataElsewhere: true }).cost.items.map(({ item }) => item))).toHaveLength(3);
    expect(stageItems(quotedFor({ fmi: false }).cost.items.map(({ item }) => item))).toHaveLength(2);
    expect(quotedFor({ provisionedConcurrency: 1 }).cost.items.map(({ item }) => item)).toContain(
      'inference duration (x86_64, 1024 MB)',
    );
  });
});
