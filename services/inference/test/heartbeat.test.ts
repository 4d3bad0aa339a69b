import { jest } from '@jest/globals';
import { rankLineSchema, type RankLine } from '@cosmicai/payload';
import { slowed } from '../src/heartbeat.ts';
import { infer } from '../src/handler.ts';

describe('heartbeats in a log', () => {
  it('are one in ten seconds at most, the first after ten', () => {
    let now = 5;
    const said: number[] = [];
    const beat = slowed(
      (second: number) => said.push(second),
      () => now,
    );
    for (let second = 0; second <= 35; second++) {
      now = 5 + second * 1000;
      beat(second);
    }
    expect(said).toEqual([10, 20, 30]);
  });
});

/** A task without data: it begins and ends. */
const TASK = {
  ...{ S3_BUCKET: 'galaxies', DATA_BUCKET: 'galaxies', WORLD_SIZE: '4', RANK: '3', DATA_PATH: null },
  ...{ RESULT_PATH: 'out', BATCH_SIZE: 32, RUN_ID: '20260304T050607Z-01234567' },
};

async function loggedBy(work: () => Promise<unknown>): Promise<string[]> {
  const written: string[] = [];
  const spy = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    written.push(String(chunk));
    return true;
  });
  try {
    await work();
  } finally {
    spy.mockRestore();
  }
  return written.join('').split('\n');
}

describe('what the inference function logs', () => {
  it('lets whoever follows the run find its rank', async () => {
    const lines = await loggedBy(() => infer(TASK));
    const found = lines.flatMap((line): (RankLine & { run_id: string })[] => {
      if (!line.startsWith('{')) return [];
      const json = JSON.parse(line);
      const { data } = rankLineSchema.safeParse(json);
      return data === undefined ? [] : [{ ...data, run_id: json.run_id }];
    });
    expect(found).toEqual([
      { message: 'rank begins', rank: 3, run_id: TASK.RUN_ID },
      { message: 'rank ends', rank: 3, samples: 0, run_id: TASK.RUN_ID },
    ]);
  });
});
