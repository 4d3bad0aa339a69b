import { UserInputError } from '@cosmicai/payload';
import { findRun, locateRun } from '../src/locate-run.ts';

const run = { run_id: 'r-1', bucket: 'galaxies', result_path: 'out' };
const item = { RUN_ID: 'r-1', S3_BUCKET: 'galaxies', RESULT_PATH: 'out' };
const found = { runId: 'r-1', bucket: 'galaxies', resultPath: 'out' };

describe('the run that a state machine has finished', () => {
  it.each<[string, unknown]>([
    ['itself', run],
    ['an item', item],
    ['a list, of which the first is enough', [item, { hello: 1 }]],
    ['a list in a list', [[run]]],
    ['under a name', { run }],
    ['three levels down', { a: { b: { c: run } } }],
    ['beside other things', { error: null, text: 'r-1', count: 3, result: { Payload: run } }],
  ])('is found as %s', (_, input) => {
    expect(locateRun(input)).toEqual(found);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', 'r-1'],
    ['an empty list', []],
    ['four levels down', { a: { b: { c: { d: run } } } }],
    ['a run without its bucket', { run_id: 'r-1', result_path: 'out' }],
    ['an item without its run', { S3_BUCKET: 'galaxies', RESULT_PATH: 'out' }],
    ['the second of a list', [7, run]],
  ])('is not found as %s', (_, input) => {
    expect(findRun(input)).toBeUndefined();
    expect(() => locateRun(input)).toThrow(
      new UserInputError(
        'The input of Summarize names no run: expected "run" as Initialize answers it, its items under "body", or the answers of the ranks.',
      ),
    );
  });
});
