import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserInputError } from '@cosmicai/payload';
import { fileStore } from '@cosmicai/store';
import { stageOptions } from '@cosmicai/deploy';
import type { PayloadChanges } from '@cosmicai/engine';
import { composeStagePayload, type PayloadStage } from '../src/engine/stage-payload.ts';
import { uploadPartitions } from '../src/run/upload.ts';

const STAGE: PayloadStage = {
  name: 'dev',
  bucket: 'cosmicai-dev-123456789012-us-east-1',
  options: stageOptions('dev'),
  checkMeetsHere: () => {
    throw new UserInputError('Stage dev has no rendezvous server.');
  },
};

async function compose(file: Record<string, unknown>, options: PayloadChanges, stage = STAGE) {
  return composeStagePayload(file, options, stage, '/home/user');
}

describe('the payload of a run on a stage', () => {
  it('puts a folder of this machine below the data prefix, whatever the file said of data', async () => {
    const file = { 'data bucket': 'old', data_size: 'medium', world_size: '8' };
    const { payload, upload } = await compose(file, { data: 'survey/100MB', batchSize: 256, results: 'scaling/one' });
    expect(upload).toEqual({ folder: '/home/user/survey/100MB', prefix: 'datasets/100MB' });
    expect(payload).toMatchObject({
      bucket: STAGE.bucket,
      data_bucket: STAGE.bucket,
      data_prefix: 'datasets/100MB',
      world_size: 8,
      batch_size: 256,
      result_path: 'scaling/one',
    });
    expect(payload).not.toHaveProperty('data_size');
  });

  it('reads another bucket without uploading', async () => {
    const { payload, upload } = await compose({}, { data: 's3://cosmicai-data/100MB', worldSize: 4 });
    expect(upload).toBeUndefined();
    expect(payload).toMatchObject({ bucket: STAGE.bucket, data_bucket: 's3://cosmicai-data', data_prefix: '100MB' });
  });

  it('refuses what the functions can not reach or write', async () => {
    await expect(compose({ data_bucket: 'file:///data' }, {})).rejects.toThrow(
      "a place of this machine, which AWS can't reach",
    );
    await expect(compose({ bucket: 'somebody-elses' }, {})).rejects.toThrow(/may not write to somebody-elses\/results/);
    await expect(compose({}, { results: 'resultsother' })).rejects.toThrow(
      'expected a result_path below results, scaling',
    );
  });

  it('lets ranks meet at the stage’s rendezvous server, asked for by option or payload, unless another is named', async () => {
    const stage = { ...STAGE, checkMeetsHere: () => undefined };
    const met = { fmi_enabled: true, rendezvous_endpoint: 'stage' };
    expect((await compose({}, { fmi: true }, stage)).payload).toMatchObject(met);
    for (const on of ['true', '1', 'TRUE', true])
      expect((await compose({ 'fmi enabled': on }, {}, stage)).payload).toMatchObject(met);
    await expect(compose({ fmi_enabled: '1' }, {})).rejects.toThrow('has no rendezvous server');
    const named = await compose({ rendezvous_endpoint: 'other.example.org:1' }, { fmi: true });
    expect(named.payload.rendezvous_endpoint).toBe('other.example.org:1');
    await expect(compose({}, { fmi: true })).rejects.toThrow('has no rendezvous server');
    expect((await compose({}, {})).payload).not.toHaveProperty('rendezvous_endpoint');
  });
});

describe('uploading partitions', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cosmicai-upload-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('sends what is absent or of other content, whatever its size, and says what is there', async () => {
    const store = fileStore(join(folder, 'bucket'));
    for (const name of ['10.pt', '2.pt', '1.pt', 'notes.txt']) writeFileSync(join(folder, name), name);
    await store.put('datasets/small/1.pt', '1.pt');
    await store.put('datasets/small/2.pt', '3.pt');
    const done: string[] = [];
    const { signal } = new AbortController();
    const result = await uploadPartitions(folder, store, 'datasets/small', {
      signal,
      onFile: (count, total) => done.push(`${count}/${total}`),
    });
    expect(result).toEqual({
      sent: ['datasets/small/2.pt', 'datasets/small/10.pt'],
      kept: ['datasets/small/1.pt'],
      warnings: [],
    });
    expect(done).toEqual(['1/3', '2/3', '3/3']);
    expect((await store.get('datasets/small/2.pt')).toString()).toBe('2.pt');
    expect(await store.head('datasets/small/notes.txt')).toBeUndefined();
  });

  it('warns of partitions that another folder of this name has left there, which the run would read', async () => {
    const store = fileStore(join(folder, 'bucket'));
    writeFileSync(join(folder, '1.pt'), '');
    for (const name of ['1.pt', '10.pt', '2.pt', 'notes.txt']) await store.put(`datasets/small/${name}`, name);
    const { signal } = new AbortController();
    const { warnings } = await uploadPartitions(folder, store, 'datasets/small', { signal });
    expect(warnings).toEqual([
      expect.stringMatching(
        /datasets\/small holds 2 partition files that \S+ doesn't \(2\.pt, 10\.pt\), and the run reads them too\./,
      ),
    ]);
  });

  it('says where partitions come from when there are none', async () => {
    const { signal } = new AbortController();
    await expect(uploadPartitions(folder, fileStore(folder), 'x', { signal })).rejects.toThrow('cosmicai simulate');
    await expect(uploadPartitions(join(folder, 'no'), fileStore(folder), 'x', { signal })).rejects.toThrow(
      "can't be read",
    );
  });
});
