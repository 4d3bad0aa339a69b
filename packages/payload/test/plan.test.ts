import fc from 'fast-check';
import {
  compareNaturally,
  InvalidInputError,
  naturalOrder,
  parseRunPayload,
  planRanks,
  UserInputError,
} from '../src/index.ts';

const files = (count: number) => Array.from({ length: count }, (_, index) => `100MB/${index + 1}.pt`);
const plan = (fields: object, available: readonly string[]) =>
  planRanks(parseRunPayload({ bucket: 'data', data_prefix: '100MB', ...fields }).payload, available);

describe('naturalOrder', () => {
  it('counts as people do', () => {
    expect(naturalOrder(['10.pt', '2.pt', '1.pt', '108.pt', '01.pt'])).toEqual([
      '01.pt',
      '1.pt',
      '2.pt',
      '10.pt',
      '108.pt',
    ]);
  });

  it('is the same whatever the order before, also of names that are equal by number', () => {
    const inOrder = ['001.pt', '01.pt', '1.pt', '2.pt'];
    fc.assert(
      fc.property(fc.shuffledSubarray(inOrder, { minLength: 4 }), (keys) => {
        expect(naturalOrder(keys)).toEqual(inOrder);
      }),
      { seed: 1 },
    );
    expect([
      compareNaturally('01.pt', '1.pt'),
      compareNaturally('1.pt', '01.pt'),
      compareNaturally('1.pt', '1.pt'),
    ]).toEqual([-1, 1, 0]);
  });
});

describe('planRanks', () => {
  it('gives rank r the ceiling of files left over ranks left', () => {
    expect(plan({ world_size: 3 }, files(7)).map((share) => share.length)).toEqual([3, 2, 2]);
  });

  it('leaves ranks beyond the number of files without data', () => {
    expect(plan({ world_size: 4 }, files(2))).toEqual([['100MB/1.pt'], ['100MB/2.pt'], [], []]);
  });

  it('takes the first file_limit files in natural order, and as many ranks when world_size is not given', () => {
    expect(plan({ file_limit: 2 }, ['100MB/10.pt', '100MB/9.pt', '100MB/1.pt'])).toEqual([
      ['100MB/1.pt'],
      ['100MB/9.pt'],
    ]);
    expect(plan({ file_limit: '1000' }, files(3))).toHaveLength(3);
  });

  it('keeps what data_map assigns and shares the rest among its null slots', () => {
    const dataMap = { '0': null, '1': '100MB/3.pt', '2': null };

    expect(plan({ data_map: dataMap }, files(4))).toEqual([
      ['100MB/1.pt', '100MB/2.pt'],
      ['100MB/3.pt'],
      ['100MB/4.pt'],
    ]);
  });

  it('reads data_map entries relative to data_prefix too', () => {
    expect(plan({ data_map: { '0': ['2.pt', '1.pt'] } }, files(2))).toEqual([['100MB/2.pt', '100MB/1.pt']]);
  });

  it('names every file of data_map that is missing or given twice', () => {
    const dataMap = { '0': '9.pt', '1': ['100MB/1.pt'], '2': '100MB/1.pt' };

    expect(problemsOf(() => plan({ data_map: dataMap }, files(2)))).toEqual([
      {
        path: 'data_map.0',
        found: '"100MB/9.pt"',
        allowed: 'a partition file that exists under "100MB/" of data',
      },
      { path: 'data_map.2', found: '"100MB/1.pt"', allowed: 'a file that no other rank has (rank 1 has it)' },
    ]);
    expect(() => plan({ data_map: dataMap }, files(2))).toThrow(/payload/);
  });

  it('says where it looked when there is nothing to read', () => {
    expect(() => plan({ world_size: 2 }, [])).toThrow(UserInputError);
    expect(() => plan({ world_size: 2 }, [])).toThrow(/"100MB\/" of data.*in the payload\.$/);
    const { payload } = parseRunPayload({ bucket: 'data', data_prefix: '100MB', world_size: 2 });
    expect(() => planRanks(payload, [], ['1 link', '2 pipes'])).toThrow(
      /in the payload\. Note: 1 link\. Note: 2 pipes\.$/,
    );
  });

  it('uses every file exactly once, in order, with shares that differ by one at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 }), (count, worldSize) => {
        const ranks = plan({ world_size: worldSize }, files(count));
        const sizes = ranks.map((share) => share.length);

        expect(ranks).toHaveLength(worldSize);
        expect(ranks.flat()).toEqual(files(count));
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
      }),
    );
  });

  it('plans 10,000 ranks over 100,000 files', () => {
    expect(plan({ world_size: 10_000 }, files(100_000)).map((share) => share.length)).toEqual(
      Array<number>(10_000).fill(10),
    );
  });

  it('takes data_map at its word in a bucket without folders', () => {
    expect(plan({ data_prefix: '', data_map: { '0': ['2.pt'], '1': null } }, ['1.pt', '2.pt'])).toEqual([
      ['2.pt'],
      ['1.pt'],
    ]);
  });

  it('names a file that is missing there as it was given', () => {
    expect(problemsOf(() => plan({ data_prefix: '', data_map: { '0': ['9.pt'] } }, ['1.pt']))).toMatchObject([
      { found: '"9.pt"' },
    ]);
  });

  it('gives a rank that data_map leaves out no files when it has as many slots as it needs', () => {
    expect(plan({ data_map: { '0': ['1.pt'], '2': ['2.pt'] } }, files(2))).toEqual([
      ['100MB/1.pt'],
      [],
      ['100MB/2.pt'],
    ]);
  });
});

function problemsOf(action: () => unknown): InvalidInputError['problems'] {
  try {
    action();
  } catch (error) {
    if (error instanceof InvalidInputError) return error.problems;
  }
  throw new Error('not refused');
}
