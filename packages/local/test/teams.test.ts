import { loadDefinition, loadFunctionNames } from '../src/index.ts';
import { fixture, Workspace } from './workspace.ts';

const functions = loadFunctionNames(fixture('team-functions.yml'));
let workspace: Workspace;
beforeEach(() => (workspace = new Workspace()));
afterEach(() => workspace.remove());

describe("the users' existing state machines", () => {
  it("runs Team C's: items inline, Iterator in distributed mode, result discarded", async () => {
    const definition = loadDefinition(fixture('team-c.asl.json'), { functions });
    const result = await workspace.run({ definition });
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { statusCode: 200, body: 'done' } });
    // ResultPath null: Summarize gets what Initialize answered.
    expect(result.output).toMatchObject({ keys: ['body', 'run', 'statusCode'] });
    expect(workspace.calls().sort()).toEqual(['init', 'rank 0', 'rank 1', 'rank 2', 'summarize']);
    expect(result.events.find((event) => event.type === 'MapRunStarted')).toMatchObject({ items: 3, children: 3 });
  });

  it('accepts ProcessorConfig beside the Iterator, too', async () => {
    const original = loadDefinition(fixture('team-c.asl.json'), { functions });
    const states = original.States as Record<string, Record<string, Record<string, object>>>;
    const { ProcessorConfig, ...iterator } = states['Distributed Test']!.Iterator!;
    const map = { ...states['Distributed Test'], Iterator: iterator, ProcessorConfig };
    const definition = { ...original, States: { ...states, 'Distributed Test': map } } as typeof original;
    const result = await workspace.run({ definition });
    expect(result.status).toBe('SUCCEEDED');
    expect(result.events.some((event) => event.type === 'MapRunStarted')).toBe(true);
  });

  it('fails as a whole when a rank of it fails', async () => {
    const definition = loadDefinition(fixture('team-c.asl.json'), { functions });
    const result = await workspace.run({
      definition,
      input: { folder: workspace.folder, world_size: 3, tasks: { 2: { failures: 1 } } },
    });
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.ExceedToleratedFailureThreshold' });
    expect(workspace.calls()).not.toContain('summarize');
  });

  it('retries what Lambda itself reports', async () => {
    const definition = loadDefinition(fixture('team-c.asl.json'), { functions });
    const tasks = { 0: { failures: 2, error: 'Lambda.TooManyRequestsException' } };
    const result = await workspace.run({ definition, input: { folder: workspace.folder, world_size: 1, tasks } });
    expect(result.status).toBe('SUCCEEDED');
    expect(workspace.calls().filter((call) => call === 'rank 0')).toHaveLength(3);
  });

  it("runs Team A's: a function's ARN as resource, an inline Map, selected results", async () => {
    const definition = loadDefinition(fixture('team-a.asl.json'), { functions });
    const tasks = { 1: { failures: 2 } };
    const result = await workspace.run({ definition, input: { folder: workspace.folder, world_size: 3, tasks } });
    expect(result.status).toBe('SUCCEEDED');
    expect(result.output).toMatchObject({
      world_size: 3,
      lambda_result: { statusCode: 200 },
      ranks: [0, 1, 2].map((rank) => ({ rank, status: 200 })),
      summary: { body: 'done' },
    });
    expect(workspace.calls().filter((call) => call === 'rank 1')).toHaveLength(3);
    const iterations = result.events.flatMap((event) => (event.type === 'IterationSucceeded' ? [event.index] : []));
    expect(iterations.sort()).toEqual([0, 1, 2]);
  });

  it('names the functions that nothing stands for', async () => {
    const definition = loadDefinition(fixture('team-c.asl.json'));
    await expect(workspace.run({ definition })).rejects.toThrow(
      /States\.Initialize\.Parameters\.FunctionName: data-parallel-init[^]*cosmic-executor[^]*resultSummary/,
    );
  });
});
