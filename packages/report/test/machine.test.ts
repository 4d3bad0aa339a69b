import { readFileSync } from 'node:fs';
import { InvalidInputError } from '@cosmicai/payload';
import { parse } from 'yaml';
import { graphOf, machineHistory, runReportHtml } from '../src/index.ts';
import { exampleReport } from './example-report.ts';

const definition: unknown = parse(readFileSync(new URL('../../../state-machine.asl.yml', import.meta.url), 'utf8'));
const since = Date.parse('2026-01-01T00:00:00.000Z');
const event = (type: string, state: string, seconds: number, child?: string) => ({
  type,
  state,
  time: new Date(since + 1000 * seconds).toISOString(),
  ...(child === undefined ? {} : { in: child }),
});

describe('the graph of a state machine', () => {
  it('of the deployed definition has every state and every way between them', () => {
    const { states, transitions } = graphOf(definition);

    expect(states[0]).toEqual({ name: 'Initialize', type: 'Task' });
    expect(states.map(({ name }) => name)).toEqual(expect.arrayContaining(['Infer', 'Summarize', 'RunFailed']));
    expect(transitions).toEqual(
      expect.arrayContaining([
        { from: 'Initialize', to: 'FmiEnabled', kind: 'next' },
        { from: 'FmiEnabled', to: 'CheckRendezvous', kind: 'choice' },
        { from: 'FmiEnabled', to: 'Infer', kind: 'choice' },
        { from: 'CheckRendezvous', to: 'RendezvousFailed', kind: 'catch' },
      ]),
    );
    const names = new Set(states.map(({ name }) => name));
    expect(transitions.every(({ from, to }) => names.has(from) && names.has(to))).toBe(true);
  });

  it('of something else says what is wrong', () => {
    expect(() => graphOf({ StartAt: 'A' })).toThrow(InvalidInputError);
  });
});

describe('the history of a state machine', () => {
  const history = machineHistory(
    graphOf(definition),
    [
      event('StateEntered', 'Initialize', 0),
      event('StateRetried', 'Initialize', 1),
      event('StateExited', 'Initialize', 2),
      event('StateEntered', 'Infer', 2),
      event('StateFailed', 'Predict', 3, 'Infer[0]'),
      event('StateCaught', 'Infer', 4.5),
      event('StateEntered', 'Summarize', 4.5),
    ],
    since,
  );
  const of = (name: string) => history.states.find((state) => state.name === name);

  it('tells status, times and retries of every state of the run itself', () => {
    expect(of('Initialize')).toMatchObject({ status: 'succeeded', start: 0, end: 2, retries: 1 });
    expect(of('Infer')).toMatchObject({ status: 'caught', start: 2, end: 4.5, retries: 0 });
    expect(of('Summarize')).toMatchObject({ status: 'running', start: 4.5, end: null });
    expect(of('Done')).toMatchObject({ status: 'not entered', start: null });
  });

  it('is told in words in the report', async () => {
    const html = await runReportHtml({ ...exampleReport(), machine: history });

    expect(html).toContain('Infer (Map): caught in 2.5 s.');
    expect(html).toContain('Initialize (Task): succeeded in 2 s, 1 retry.');
    expect(html).toContain('Done (Succeed): not entered.');
  });
});
