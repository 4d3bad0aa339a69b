import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runSummarySchema } from '@cosmicai/payload';
import { fileStore, type ObjectStore } from '@cosmicai/store';
import { findRun, listRuns, newestFinished, runFoldersBelow } from '../../src/index.ts';
import { summary } from '../../../../test/run-summary.ts';

let root: string;
let store: ObjectStore;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cosmicai-runs-'));
  store = withoutListingOf(fileStore(root), /predictions/);
});
afterEach(() => rmSync(root, { recursive: true }));

/** A store that fails when anybody is told of keys that nobody should ask for. */
function withoutListingOf(inner: ObjectStore, forbidden: RegExp): ObjectStore {
  return new Proxy(inner, {
    get(target, name) {
      if (name === 'list')
        return async function* (prefix: string) {
          for await (const object of target.list(prefix)) {
            if (forbidden.test(object.key)) throw new Error(`${object.key} was listed`);
            yield object;
          }
        };
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

const put = (key: string, value: unknown = {}) => store.put(key, JSON.stringify(value));

/** A run of two ranks as it lies there, with its map's lists and its predictions. */
async function putRun(runId: string, options: { readonly finished: boolean }, results = 'results') {
  const folder = `${results}/runs/${runId}`;
  await put(`${folder}/run.json`, { run: { world_size: 2 } });
  for (const rank of [0, 1]) {
    await put(`${folder}/${rank}.json`);
    await put(`${folder}/predictions/${rank}.parquet`);
  }
  await put(`${folder}/map/1/SUCCEEDED_0.json`);
  if (options.finished) await put(`${folder}/summary.json`, runSummarySchema.parse({ ...summary, run_id: runId }));
}

describe('the runs of a results folder', () => {
  it('are listed in the order of their ids, without a look at all that lies in them', async () => {
    await putRun('20260304-b', { finished: false });
    await putRun('20260303-a', { finished: true });
    await put('results/runs/no-run/notes.json');
    await put('results/0.json');

    const rows = await listRuns(store, 'results');

    expect(rows).toMatchObject([
      { run_id: '20260303-a', status: summary.status, ranks_with_result: 2 },
      { run_id: '20260304-b', status: 'NOT SUMMARIZED', world_size: 2, ranks_with_result: 2 },
    ]);
    expect(await listRuns(store, 'results', '20260304-b')).toMatchObject([{ run_id: '20260304-b' }]);
    expect(await listRuns(store, 'results', 'none')).toEqual([]);
  });

  it('are found wherever they lie below a folder, and of the folder of a run that run', async () => {
    await putRun('a', { finished: true });
    await putRun('b', { finished: false }, 'results/deep/er');
    await put('runs/c/run.json');

    expect(await runFoldersBelow(store, 'results/')).toEqual(['results/deep/er/runs/b/', 'results/runs/a/']);
    expect(await runFoldersBelow(store, '')).toEqual(['results/deep/er/runs/b/', 'results/runs/a/', 'runs/c/']);
    expect(await runFoldersBelow(store, 'results/runs/')).toEqual(['results/runs/a/']);
    expect(await runFoldersBelow(store, 'results/runs/a/')).toEqual(['results/runs/a/']);
    expect(await runFoldersBelow(store, 'none/')).toEqual([]);
  });

  it('have a newest one that came to a summary', async () => {
    expect(await newestFinished(store, 'results')).toBeUndefined();
    await putRun('20260303-a', { finished: true });
    await putRun('20260304-b', { finished: true });
    await putRun('20260305-c', { finished: false });

    expect(await newestFinished(store, 'results')).toBe('20260304-b');
    await put('runs/d/summary.json');
    expect(await newestFinished(store, '')).toBe('d');
  });
});

describe('the run that a folder stands for', () => {
  const find = (folder: string) => findRun(pathToFileURL(join(root, folder)).href, root);

  it('is the one that is named, or published, or else the newest that came to a summary', async () => {
    await putRun('20260303-a', { finished: true });
    await putRun('20260304-b', { finished: true });
    await putRun('20260305-c', { finished: false });

    expect((await find('results/runs/20260305-c')).place.runId).toBe('20260305-c');
    expect(await find('results')).toMatchObject({
      place: { bucket: pathToFileURL(root).href, resultPath: 'results', runId: '20260304-b' },
      notes: [],
    });
    await put('results/summary.json', { ...summary, run_id: '20260303-a' });
    const { place, notes } = await find('results');
    expect(place.runId).toBe('20260303-a');
    expect(notes).toEqual([expect.stringContaining('The newest run there is 20260304-b')]);
  });

  it('is the published one no longer when that is damaged, and none where no run has a summary', async () => {
    await putRun('20260305-c', { finished: false });
    await expect(find('results')).rejects.toThrow(/There is no finished run in .*20260305-c there is no plan that can/);
    await put('results/runs/20260303-a/summary.json', 'damaged');
    await put('results/summary.json', 'damaged');
    expect((await find('results')).place.runId).toBe('20260303-a');
  });
});
