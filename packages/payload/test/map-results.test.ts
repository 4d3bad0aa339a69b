import { rankReasons, reasonOf, type MapResult } from '../src/index.ts';

const child = (rank: number | undefined, fields: Partial<MapResult> = {}): MapResult => ({
  Status: 'FAILED',
  ...(rank !== undefined && { Input: JSON.stringify({ RANK: String(rank) }) }),
  ...fields,
});
const stopped = child(9, { Status: 'ABORTED' });
const failed = (rank: number, second: number) =>
  child(rank, { StopDate: `2026-03-04T05:06:0${second}Z`, Error: 'Oops' });
const reasonOfStopped = (...others: MapResult[]) => rankReasons([stopped, ...others]).get(9);

describe('why ranks have no result', () => {
  it('is their own error, in the words of the function', () => {
    const cause = JSON.stringify({ errorType: 'PartitionError', errorMessage: 'no zip file', trace: [] });
    const reasons = rankReasons([
      child(0, { Error: 'PartitionError', Cause: cause }),
      child(1),
      child(2, { Status: 'TIMED_OUT' }),
    ]);
    expect([...reasons]).toEqual([
      [0, { error: 'PartitionError', cause: 'no zip file' }],
      [1, { error: 'NoReason', cause: 'Step Functions tells no reason' }],
      [2, { error: 'States.Timeout', cause: 'it took longer than its time limit' }],
    ]);
  });

  it.each([
    [[failed(0, 1)], 'rank 0 failed'],
    [[failed(0, 3), failed(4, 1)], 'ranks 4 and 0 failed'],
    [[failed(0, 3), failed(4, 1), failed(2, 2)], 'ranks 4, 2 and 0 failed'],
    [[5, 4, 3, 2, 1].map((rank) => failed(rank, 6 - rank)), 'ranks 5, 4, 3 and 2 more failed'],
    [[child(undefined)], 'another rank failed'],
    [[], 'its execution was ended from outside'],
  ])('is of a stopped one what the Map run was stopped for (%#)', (others, why) => {
    expect(reasonOfStopped(...others)).toEqual({ error: 'RankStopped', cause: `stopped because ${why}` });
  });

  it('is the same of one that never started', () => {
    expect(rankReasons([child(3, { Status: 'PENDING' }), failed(1, 0)]).get(3)).toEqual({
      error: 'RankNotStarted',
      cause: 'never started because rank 1 failed',
    });
  });

  it('keeps what Step Functions tells, half of it too', () => {
    expect(reasonOf('FAILED', { error: 'Oops', cause: '' })).toEqual({
      error: 'Oops',
      cause: 'Step Functions tells no reason',
    });
    expect(reasonOf('FAILED', { cause: 'because' })).toEqual({ error: 'NoReason', cause: 'because' });
  });
});
