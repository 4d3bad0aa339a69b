import { withReferences } from '../src/engine/finished-children.ts';
import type { FinishedChild, Json, JsonObject } from '../src/index.ts';

const child = (input: Json): FinishedChild => ({ name: 'a', input, output: null, startedAt: 0, stoppedAt: 1 });
const reference = (rank: number, from: number): JsonObject => ({
  ...{ S3_BUCKET: 'galaxies', RUN_ID: 'run-1', RANK: String(rank), MANIFEST: 'm.json', FROM: from, TO: from + 10 },
});

it('lets children that are done refer to where their tasks lie now, and leaves all others as they are', () => {
  const task = { S3_BUCKET: 'galaxies', RUN_ID: 'run-1', RANK: '2' };
  const finished = new Map([
    ['Infer', new Map([0, 1].map((rank) => [rank, child(reference(rank, 0))]))],
    [
      'Other',
      new Map([
        [0, child(task)],
        [1, child('text')],
      ]),
    ],
  ]);
  const moved = withReferences(
    finished,
    new Map([0, 2].map((rank): [number, Json] => [rank, reference(rank, 100 * rank + 1)])),
  );

  expect([...moved.get('Infer')!.values()].map(({ input }) => input)).toEqual([reference(0, 1), reference(1, 0)]);
  expect(moved.get('Other')).toEqual(finished.get('Other'));
});
