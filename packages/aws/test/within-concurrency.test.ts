import { stageOptions } from '@cosmicai/deploy';
import { parseRunPayload } from '@cosmicai/payload';
import { withinConcurrency } from '../src/engine/within-concurrency.ts';
import { concurrencyOf, quotedStage } from '../src/stage/stage-concurrency.ts';

const said: string[] = [];
beforeEach(() => void said.splice(0));

function within(fields: Record<string, unknown>, atOnce?: number) {
  const { payload } = parseRunPayload({ bucket: 's3://bucket', data_prefix: 'd', result_path: 'r', ...fields });
  return withinConcurrency(payload, atOnce, (line) => said.push(line));
}

describe('an account that runs few functions at once', () => {
  it('lets ranks take turns', () => {
    expect(within({ world_size: 100 }, 10).max_concurrency).toBe(10);
    expect(said).toEqual([expect.stringContaining('runs 10 functions at once')]);
  });

  it.each([
    ['fewer ranks', { world_size: 10 }, 10],
    ['a payload that asks for less', { world_size: 100, max_concurrency: 5 }, 10],
    ['an account that doesn’t tell', { world_size: 5000 }, undefined],
  ])('changes nothing for %s', (_, fields, atOnce) => {
    const before = within(fields);
    expect(within(fields, atOnce)).toEqual(before);
    expect(said).toEqual([]);
  });

  it('refuses ranks that would wait for each other for ever', () => {
    const meeting = { world_size: 11, fmi_enabled: true, rendezvous_endpoint: 'r:1' };
    expect(() => within(meeting, 10)).toThrow(/Ask for 10 ranks or fewer/);
    expect(within({ ...meeting, world_size: 10 }, 10).max_concurrency).toBe(1000);
  });
});

describe('what a stage runs at once', () => {
  it('is what is reserved for its ranks, without asking anybody', async () => {
    const { inference, ...others } = stageOptions('dev');
    const reserved = { ...others, inference: { ...inference, reserved_concurrency: 7 } };
    expect(await concurrencyOf(reserved)).toEqual({ limit: 7, source: 'inference.reserved_concurrency' });
  });

  it('is what the user says', async () => {
    expect(await quotedStage('dev', 12)).toMatchObject({
      region: 'us-east-1',
      rankFunction: { memoryMb: 3008, architecture: 'x86_64', childType: 'STANDARD', rendezvous: null },
      concurrency: { limit: 12, source: 'as given' },
    });
  });
});
