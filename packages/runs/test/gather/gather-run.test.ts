import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { encodePredictions } from '@cosmicai/inference';
import { encodeReduction, Reduction, seededRandom } from '@cosmicai/metrics';
import { proofFileSchema, runLayout } from '@cosmicai/payload';
import { fileStore, sealedText, sha256Of, type ObjectStore } from '@cosmicai/store';
import { makeRun, RUN_ID } from '../../../../test/made-run.ts';
import { gatherRun, readSummary } from '../../src/gather.ts';
import { verifyFolder } from '../../src/index.ts';

const GALAXIES = 40;
const RANKS = [0, 1];
const layout = runLayout('results', RUN_ID);

let folder: string;
let store: ObjectStore;

function batchOf(rank: number) {
  const random = seededRandom(rank + 1);
  const zSpec = Float64Array.from({ length: GALAXIES }, () => random());
  const zPred = Float32Array.from(zSpec, (z) => z + 0.2 * (random() - 0.5));
  const magnitudes = new Float64Array(5 * GALAXIES);
  return { from: 0, count: GALAXIES, magnitudes, zSpec, zPred, flags: new Uint16Array(GALAXIES) };
}

/** What Summarize leaves of the ranks' reductions. */
function merged(): Buffer {
  const all = new Reduction();
  for (const rank of RANKS) {
    const reduction = new Reduction();
    reduction.addAll({ ...batchOf(rank), rank, partition: `${rank}.pt` });
    all.merge(reduction);
  }
  return encodeReduction(all.kept(), { withValues: false }).head;
}

/** Puts a file of the run, with its line in the proof. */
async function putProven(key: string, content: string | Buffer): Promise<void> {
  const { objects, ...proof } = proofFileSchema.parse(JSON.parse((await store.get(layout.proof)).toString()));
  const file = { key: key.slice(layout.folder.length + 1), size: content.length, sha256: sha256Of(content) };
  await store.put(layout.proof, sealedText({ ...proof, objects: [...objects, file] }));
  await store.put(key, content);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-gather-'));
  store = fileStore(folder);
  const ranks = RANKS.map((rank) => ({
    partitions: [{ key: `${rank}.pt`, samples: GALAXIES }],
    predictions: encodePredictions(rank, [{ partition: `${rank}.pt`, batches: [batchOf(rank)] }]),
  }));
  await makeRun(store, ranks);
  const texts = await Promise.all(RANKS.map(async (rank) => (await store.get(layout.rankResult(rank))).toString()));
  await putProven(layout.combined, `[${texts.join(',')}]`);
});
afterEach(() => rm(folder, { recursive: true }));

const gather = (forPage?: boolean) =>
  gatherRun({ bucket: pathToFileURL(folder).href, resultPath: 'results', runId: RUN_ID }, undefined, {
    ...(forPage !== undefined && { forPage }),
  });

describe('gathering a run', () => {
  it('draws what Summarize left as it draws the predictions of a run of an earlier version', async () => {
    const earlier = await gather();
    await putProven(layout.reduction, merged());
    await store.deletePrefix(`${layout.predictions}/`);
    const { predictions } = await gather();

    expect(predictions?.redshifts.counts.reduce((sum, count) => sum + count, 0)).toBe(2 * GALAXIES);
    expect(predictions).toEqual(earlier.predictions);
  });

  it('reads neither predictions nor what they come to where only tables are asked for', async () => {
    await store.put(layout.reduction, 'damaged');
    await store.deletePrefix(`${layout.predictions}/`);
    const material = await gather(false);

    expect(material.summary.samples).toBe(2 * GALAXIES);
    expect(material.ours?.map(({ rank }) => rank)).toEqual(RANKS);
    expect(material).not.toHaveProperty('predictions');
  });

  it('refuses what is not the reduction of the run by its name', async () => {
    await putProven(layout.reduction, 'damaged');

    await expect(gather()).rejects.toThrow(/runs\/.*\/reduction\.bin, byte 0: it is not the reduction/);
  });

  it('refuses what is damaged, gone or of another run, and says what to type', async () => {
    await store.put(layout.reduction, merged());
    await expect(gather()).rejects.toThrow(/reduction\.bin is none of the files that the run left/);
    await putProven(layout.reduction, merged());
    const wrong = merged();
    wrong[wrong.length >> 1]! ^= 1;
    await store.put(layout.reduction, wrong);
    await expect(gather()).rejects.toThrow(
      `/reduction.bin is not what was written: its SHA-256 is another. What mends it says: cosmicai verify ${folder}/${layout.folder}`,
    );
    await store.delete(layout.reduction);
    await expect(gather()).rejects.toThrow(/reduction\.bin is gone/);
    await store.put(layout.summary, (await store.get(layout.summary)).toString().replace('SUCC', 'Succ'));
    await expect(gather(false)).rejects.toThrow(/summary\.json is not what was written/);
    await store.put(layout.proof, (await store.get(layout.proof)).toString().replace('each once', 'Each once'));
    await expect(gather(false)).rejects.toThrow(/proof\.json is not what was written: its seal is broken/);
  });

  it('refuses edited and missing files that it does not print, all of them by name', async () => {
    const place = { bucket: pathToFileURL(folder).href, resultPath: 'results', runId: RUN_ID };
    const manifest = (await store.get(layout.manifest)).toString();
    await store.put(layout.manifest, manifest.replace('"BATCH_SIZE":4', '"BATCH_SIZE":5'));
    const mend = `What mends it says: cosmicai verify ${folder}/${layout.folder}`;
    await expect(gather(false)).rejects.toThrow(
      `${layout.folder}/manifest.json is not what was written: its SHA-256 is another. ${mend}`,
    );
    await expect(gatherRun(place, undefined, { forPage: false, checkAll: false })).resolves.toBeDefined();
    await store.delete(layout.rankResult(1));
    const both =
      '2 files in .* are not what the run left:\\n  manifest.json is not .*\\n  1.json is gone\\nWhat mends it';
    await expect(gather(false)).rejects.toThrow(new RegExp(both));
    await expect(readSummary(place)).rejects.toThrow(new RegExp(both));
  });

  it('compares the plan of a run without a proof with its record', async () => {
    const record = JSON.parse((await store.get(layout.run)).toString()) as object;
    const written = { size: 1, sha256: 'ab'.repeat(32) };
    await store.put(layout.run, sealedText({ ...record, planned_files: { manifest: written, items: written } }));
    await store.delete(layout.proof);
    await expect(gather(false)).rejects.toThrow(/manifest\.json is not what was planned: its SHA-256 is another/);
  });

  it('compares the predictions of a run of an earlier version before it draws them', async () => {
    await store.put(layout.rankPredictions(1), await store.get(layout.rankPredictions(0)));
    await expect(gather()).rejects.toThrow(/^Rank 1 can't be drawn: .*1\.parquet has changed since/);
  });
});

describe('what lies in the folder of a run', () => {
  it('is named where no rank of the run left it, and told where nothing reads it', async () => {
    for (const name of ['reductions/9.bin', 'hashes/9.u64', 'predictions/notes.txt', '9.json'])
      await store.put(`${layout.folder}/${name}`, 'x');
    for (const name of ['reductions/0.bin', 'hashes/1.u64', 'report.html', 'bill.json', 'quote.json', 'execution.json'])
      await store.put(`${layout.folder}/${name}`, 'x');
    for (const name of ['pieces/1/0', 'pieces/1/1', 'notes.txt']) await store.put(`${layout.folder}/${name}`, 'x');
    const { findings, notes } = await verifyFolder(store, layout);
    expect(findings.map(({ what, mend }) => [what.slice(layout.folder.length + 1), mend]).sort()).toEqual(
      ['9.json', 'hashes/9.u64', 'predictions/notes.txt', 'reductions/9.bin'].map((name) => [name, 'remove']),
    );
    expect(notes).toEqual([
      'What attempts of rank 1 kept lies in pieces/ still; nothing reads it once the rank is done.',
      'Not of the run, so not compared: notes.txt.',
    ]);
  });
});
