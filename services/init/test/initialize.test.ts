import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { InvalidInputError, manifestSchema, parseJsonAs, runRecordSchema, UserInputError } from '@cosmicai/payload';
import { AccessDeniedError, fileStore, InvalidAddressError, NoSuchBucketError, openStore } from '@cosmicai/store';
import { initialize } from '../src/initialize.ts';
import { keptTypes } from '../src/kept-types.ts';
import { ObjectTable } from '../src/object-table.ts';
import { runId } from '../src/run-id.ts';

const now = new Date('2026-03-04T05:06:07.890Z');
let base: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosmicai-init-'));
});
afterEach(() => rm(base, { recursive: true }));

async function bucketWith(name: string, keys: readonly string[]) {
  const store = fileStore(join(base, name));
  for (const key of keys) await store.put(key, 'x');
  await store.put('keep', '');
  return store;
}

const run = (payload: object) =>
  initialize(payload, {
    openStore: (address) => openStore(address, { base: `file://${base}` }),
    now: () => now,
    newRunId: (time) => runId(time, '0123456789abcdef'),
  });

const runJson = 'results/runs/20260304T050607Z-01234567/run.json';

const fmi = { fmi_enabled: true, rendezvous_endpoint: 'example.org:10000' };

async function keysOf(bucket: string) {
  const keys: string[] = [];
  for await (const { key } of fileStore(join(base, bucket)).list('')) keys.push(key);
  return keys;
}

describe('initialize', () => {
  it('leaves no run behind whose plan could not be written', async () => {
    const store = await bucketWith('galaxies', ['25MB/1.pt']);
    const put = store.put.bind(store);
    store.put = (key, ...rest) =>
      key.endsWith('manifest.json') ? Promise.reject(new Error('the disk is full')) : put(key, ...rest);
    const payload = { bucket: 'galaxies', data_prefix: '25MB', world_size: 1, batch_size: 32, result_path: 'results' };
    const environment = {
      openStore: () => store,
      now: () => now,
      newRunId: (time: Date) => runId(time, '0123456789abcdef'),
    };
    await expect(initialize(payload, environment)).rejects.toThrow('the disk is full');
    expect(await store.head(runJson)).toBeUndefined();
  });

  it('leaves what its readers understand, whatever the payload says', async () => {
    const store = await bucketWith(
      'galaxies',
      Array.from({ length: 7 }, (_, at) => `25MB/${at + 1}.pt`),
    );
    const payload = fc.record(
      {
        bucket: fc.constant('galaxies'),
        data_prefix: fc.constant('25MB'),
        world_size: fc.integer({ min: 1, max: 20 }),
        batch_size: fc.integer({ min: 1, max: 65_536 }).map(String),
        result_path: fc.stringMatching(/^[a-z]{1,9}$/),
        fmi_enabled: fc.boolean(),
        max_concurrency: fc.integer({ min: 1, max: 10 }),
        script: fc.string(),
        notes: fc.jsonValue(),
      },
      { requiredKeys: ['bucket', 'data_prefix', 'result_path'] },
    );
    await fc.assert(
      fc.asyncProperty(payload, async (fields) => {
        const answer = await run({ ...fields, rendezvous_endpoint: 'example.org:10000' });
        const read = async (key: string) => (await store.get(key)).toString();
        const record = parseJsonAs(
          runRecordSchema,
          await read(`${fields.result_path}/runs/${answer.run.run_id}/run.json`),
          'run.json',
        );
        expect(record.run).toEqual(answer.run);
        expect(parseJsonAs(manifestSchema, await read(answer.run.manifest_key), 'manifest.json')).toHaveLength(
          answer.run.world_size,
        );
        expect(JSON.parse(await read(answer.run.manifest_key))).toEqual(answer.body);
      }),
      { numRuns: 25 },
    );
  });

  it('refuses a model that no function can open before it plans', async () => {
    await bucketWith('galaxies', ['1.pt']);
    process.env.AWS_LAMBDA_RUNTIME_API = '169.254.100.1:9001';
    try {
      for (const wrong of [{ model: 'file:///etc/passwd' }, { data_bucket: 'file:///proc' }, { bucket: 'file:///tmp' }])
        await expect(run({ bucket: 'galaxies', ...wrong })).rejects.toThrow(InvalidAddressError);
    } finally {
      delete process.env.AWS_LAMBDA_RUNTIME_API;
    }
    await expect(run({ bucket: 'galaxies', model: 's3://' })).rejects.toThrow(InvalidAddressError);
    expect(await keysOf('galaxies')).toEqual(['1.pt', 'keep']);
  });

  it('answers the run and upstream items, and leaves the same items as the manifest', async () => {
    const store = await bucketWith('galaxies', ['25MB/10.pt', '25MB/2.pt', '25MB/1.pt', '25MB/notes.txt']);

    const answer = await run({
      bucket: 'galaxies',
      data_prefix: '25MB',
      world_size: '2',
      batch_size: '512',
      result_path: 'out',
    });

    expect(answer.run).toMatchObject({
      run_id: '20260304T050607Z-01234567',
      world_size: 2,
      ranks_with_data: 2,
      bucket: 'galaxies',
    });
    expect(answer.body).toEqual([
      expect.objectContaining({
        RANK: '0',
        WORLD_SIZE: '2',
        DATA_PATH: ['25MB/1.pt', '25MB/2.pt'],
        BATCH_SIZE: 512,
        S3_BUCKET: 'galaxies',
      }),
      expect.objectContaining({ RANK: '1', WORLD_SIZE: '2', DATA_PATH: '25MB/10.pt', RESULT_PATH: 'out' }),
    ]);
    const manifest: unknown = JSON.parse((await store.get(answer.run.manifest_key)).toString());
    expect(manifest).toEqual(answer.body);
    const record = runRecordSchema.parse(
      JSON.parse((await store.get('out/runs/20260304T050607Z-01234567/run.json')).toString()),
    );
    expect(record.partitions).toEqual({ files: 3, bytes: 3 });
  });

  it('leaves a short item for each rank, however many files it reads', async () => {
    const store = await bucketWith(
      'galaxies',
      Array.from({ length: 3000 }, (_, file) => `${'survey/'.repeat(20)}${file}.pt`),
    );

    const { run: planned } = await run({ bucket: 'galaxies', world_size: 2 });

    const items = JSON.parse((await store.get(planned.items_key!)).toString()) as { FROM: number; TO: number }[];
    expect(items).toEqual(
      [0, 1].map((rank) => ({
        ...{ S3_BUCKET: 'galaxies', RUN_ID: planned.run_id, RANK: String(rank), MANIFEST: planned.manifest_key },
        ...{ FROM: expect.any(Number) as number, TO: expect.any(Number) as number },
        TASK_HASH: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      })),
    );
    const [first] = items;
    // Its task is more than a state of Step Functions may hold.
    expect(first!.TO - first!.FROM).toBeGreaterThan(262_144);
    const text = await store.getRange(planned.manifest_key, first!.FROM, first!.TO);
    expect((JSON.parse(text.toString()) as { DATA_PATH: string[] }).DATA_PATH).toHaveLength(1500);
  });

  it('gives ranks beyond the number of files a null DATA_PATH', async () => {
    await bucketWith('galaxies', ['1.pt']);

    const answer = await run({ bucket: 'galaxies', world_size: 3 });

    expect(answer.run).toMatchObject({ world_size: 3, ranks_with_data: 1 });
    expect((answer.body as readonly { readonly DATA_PATH: unknown }[]).map((item) => item.DATA_PATH)).toEqual([
      '1.pt',
      null,
      null,
    ]);
  });

  it('leaves the items out of the answer when a state could not hold them', async () => {
    const store = await bucketWith('galaxies', ['1.pt']);

    const answer = await run({ bucket: 'galaxies', world_size: 10_000 });

    expect(answer).not.toHaveProperty('body');
    expect(manifestSchema.parse(JSON.parse((await store.get(answer.run.manifest_key)).toString()))).toHaveLength(
      10_000,
    );
  });

  it('reads the files right in the folder, and those below it only when there are none', async () => {
    await bucketWith('galaxies', ['datasets/1.pt', 'datasets/small/9.pt', 'deep/a/1.pt', 'deep/b/1.pt']);

    expect((await run({ bucket: 'galaxies', data_prefix: 'datasets' })).run.world_size).toBe(1);
    expect((await run({ bucket: 'galaxies', data_prefix: 'deep' })).run.world_size).toBe(2);
  });

  it('warns of what looks like data and is not read', async () => {
    const store = await bucketWith('galaxies', ['d/1.pt', 'd/2.pth', 'd/._1.pt', 'd/old/1.pt', 'd/3.pt.tmp']);
    await symlink('1.pt', join(base, 'galaxies/d/copy.pt'));
    await symlink('gone.pt', join(base, 'galaxies/d/4.pt'));

    const answer = await run({ bucket: 'galaxies', data_prefix: 'd' });

    expect(answer.run.world_size).toBe(1);
    expect(answer.warnings).toEqual([
      expect.stringMatching(/further down.*1 file, old\/1\.pt$/),
      expect.stringMatching(/only names that end in \.pt .*2 files, 2\.pth, 3\.pt\.tmp$/),
      expect.stringMatching(/links to files .*1 file, copy\.pt$/),
      expect.stringMatching(/a link to nothing: 1 entry, 4\.pt$/),
    ]);
    const record = runRecordSchema.parse(JSON.parse((await store.get(runJson)).toString()));
    expect(record.warnings).toEqual(answer.warnings);
  });

  it('names what is there where there is nothing to read', async () => {
    await bucketWith('galaxies', ['d/1.h5', 'd/2.pth']);

    await expect(run({ bucket: 'galaxies', data_prefix: 'd' })).rejects.toThrow(/No partition files.*2\.pth.*1\.h5/s);
  });

  it('tells the ranks not to check sums only where the payload says so', async () => {
    await bucketWith('galaxies', ['1.pt']);

    expect((await run({ bucket: 'galaxies' })).body![0]).not.toHaveProperty('CHECK_CRC');
    expect((await run({ bucket: 'galaxies', check_crc: 'false' })).body![0]).toHaveProperty('CHECK_CRC', false);
  });

  it('tells the ranks how the data are asked for, where that is not as usual', async () => {
    await bucketWith('galaxies', ['1.pt']);

    const usual = (await run({ bucket: 'galaxies' })).body?.[0];
    expect(usual).not.toHaveProperty('REQUEST_PAYER');
    expect(usual).not.toHaveProperty('SIGN_REQUESTS');
    const other = (await run({ bucket: 'galaxies', request_payer: 'true', sign_requests: '0' })).body?.[0];
    expect(other).toMatchObject({ REQUEST_PAYER: true, SIGN_REQUESTS: false });
  });

  it('gives ranks with data their place in the meeting, and the others none', async () => {
    await bucketWith('galaxies', ['1.pt', '2.pt']);
    const dataMap = { '0': '2.pt', '1': [], '2': '1.pt' };

    const answer = await run({ bucket: 'galaxies', data_map: dataMap, ...fmi });

    expect(answer.run).toMatchObject({
      fmi_enabled: true,
      ranks_with_data: 2,
      rendezvous_endpoint: 'example.org:10000',
    });
    expect((answer.body as object[]).map((item) => ('FMI_RANK' in item ? item.FMI_RANK : 'none'))).toEqual([
      0,
      'none',
      1,
    ]);
  });

  it('plans no meeting of more ranks than may run at once: they would wait in vain', async () => {
    await bucketWith('galaxies', ['1.pt', '2.pt', '3.pt']);

    const answer = await run({ bucket: 'galaxies', world_size: 3, max_concurrency: 2, ...fmi });

    expect(answer.run.fmi_enabled).toBe(false);
    expect(answer.warnings).toEqual([expect.stringMatching(/FMI is off.*3 ranks.*max_concurrency is 2/)]);
    expect(answer.body![0]).not.toHaveProperty('FMI_ENABLED');
  });

  it('keeps every field of the payload in run.json and warns about unknown ones', async () => {
    const store = await bucketWith('galaxies', ['1.pt']);

    const answer = await run({ bucket: 'galaxies', observer: 'Vera' });

    const record = runRecordSchema.parse(
      JSON.parse((await store.get('results/runs/20260304T050607Z-01234567/run.json')).toString()),
    );
    expect(answer.warnings).toEqual([expect.stringContaining('observer')]);
    expect(record.payload).toHaveProperty('observer', 'Vera');
  });

  describe('of columns that are kept', () => {
    const array = (dtype: 'I32' | 'I64' | 'F64', name = 'tract'): Buffer => {
      const bytes = dtype === 'I32' ? 4 : 8;
      const header = JSON.stringify({ [name]: { dtype, shape: [1], data_offsets: [0, bytes] } });
      const length = Buffer.alloc(8);
      length.writeUInt32LE(header.length);
      return Buffer.concat([length, Buffer.from(header), Buffer.alloc(bytes)]);
    };
    const payload = { bucket: 'galaxies', data_prefix: 'd', world_size: 2, result_path: 'out', keep: 'tract' };

    it('tells all ranks the types that hold what any file has, and passes over one that can’t be opened', async () => {
      const store = await bucketWith('galaxies', ['d/3.safetensors']);
      await store.put('d/1.safetensors', array('I32'));
      await store.put('d/2.safetensors', array('I64'));
      const { run: reference } = await run(payload);
      const manifest = parseJsonAs(manifestSchema, (await store.get(reference.manifest_key)).toString(), 'manifest');
      const kept = [{ name: 'tract', type: 'int64' }];
      expect(manifest.map(({ KEPT }) => KEPT)).toEqual([kept, kept]);
    });

    it.each([
      ['types that have none in common', array('F64'), /float64 in .*2\.safetensors and int64 in .*1\.safetensors/],
      ['a file without it', array('I64', 'field'), /2\.safetensors: there is no column tract to keep/],
    ])('refuses %s, and leaves nothing', async (_, other, message) => {
      const store = await bucketWith('galaxies', []);
      await store.put('d/1.safetensors', array('I64'));
      await store.put('d/2.safetensors', other);
      const refused: unknown = await run(payload).catch((error: unknown) => error);
      expect(refused).toMatchObject({ name: 'UserInputError', message: expect.stringMatching(message) });
      expect(await keysOf('galaxies')).toEqual(['d/1.safetensors', 'd/2.safetensors', 'keep']);
    });

    it('decides by some of very many, spread evenly, and says by how many', async () => {
      const store = await bucketWith('galaxies', []);
      const objects = new ObjectTable();
      for (const [at, type] of (['I32', 'F64', 'I64', 'I32'] as const).entries()) {
        const { size, etag } = await store.put(`d/${at}.safetensors`, array(type));
        objects.add({ key: `d/${at}.safetensors`, size, etag });
      }
      const plan = [
        [0, 1],
        [2, 3],
      ];
      expect(await keptTypes({ keep: ['tract'] }, store, objects, plan, 2)).toEqual({
        kinds: [{ name: 'tract', type: 'int64' }],
        warnings: [expect.stringMatching(/kept \(tract\) were decided by 2 of 4 files, .* fails and names it\.$/)],
      });
      await expect(keptTypes({ keep: ['tract'] }, store, objects, plan)).rejects.toThrow(
        /int64 in .*2\.safetensors and float64 in/,
      );
    });

    it('looks into the files that are read alone, be it one', async () => {
      const store = await bucketWith('galaxies', []);
      await store.put('d/1.safetensors', array('I64'));
      await store.put('d/2.safetensors', array('I64', 'field'));
      const keeping = (keep: string) => run({ ...payload, world_size: 1, file_limit: 1, keep });
      await expect(keeping('field')).rejects.toThrow(/1\.safetensors: there is no column field to keep/);
      await expect(keeping('tract')).resolves.toMatchObject({ statusCode: 200 });
    });
  });

  it('hands every wish of the payload on to the ranks, and keeps what was found', async () => {
    const store = await bucketWith('galaxies', ['d/1.pt', 'd/2.pt', 'd/3.pt', 'models/m.onnx']);
    const version = async (key: string) => {
      const { size, etag } = (await store.head(key))!;
      return { size, etag };
    };
    const payload = {
      bucket: 'galaxies',
      data_prefix: 'd',
      world_size: 3,
      data_map: { '0': ['3.pt', '1.pt'], '1': [], '2': '2.pt' },
      batch_size: 64,
      result_path: 'out',
      model: 'models/m.onnx',
      model_sha256: 'ab'.repeat(32),
      model_inputs: { image: 'pixels', magnitudes: 'mags' },
      columns: 'images,magnitudes,redshift,id',
      allow_batch_dependence: true,
      check_crc: false,
      hash_inputs: true,
      publish_ranks: 'as_they_end',
      request_payer: true,
      sign_requests: false,
      S3_object_name: 'scripts',
      script: 'infer.py',
      object_type: 'folder',
      max_concurrency: 7,
      tolerated_failure_percentage: 12.5,
      max_flagged: 30,
      ...fmi,
    };

    const answer = await run(payload);

    const runId = '20260304T050607Z-01234567';
    const reference = {
      run_id: runId,
      bucket: 'galaxies',
      result_path: 'out',
      manifest_key: `out/runs/${runId}/manifest.json`,
      items_key: `out/runs/${runId}/items.json`,
      map_prefix: `out/runs/${runId}/map`,
      world_size: 3,
      ranks_with_data: 2,
      max_concurrency: 7,
      tolerated_failure_percentage: 12.5,
      max_flagged: 30,
      fmi_enabled: true,
      rendezvous_endpoint: 'example.org:10000',
    };
    const shared = {
      S3_BUCKET: 'galaxies',
      S3_OBJECT_NAME: 'scripts',
      SCRIPT: 'infer.py',
      S3_OBJECT_TYPE: 'folder',
      WORLD_SIZE: '3',
      DATA_BUCKET: 'galaxies',
      DATA_PREFIX: 'd',
      RESULT_PATH: 'out',
      BATCH_SIZE: 64,
      RUN_ID: runId,
      MODEL: 'models/m.onnx',
      MODEL_OBJECT: await version('models/m.onnx'),
      MODEL_SHA256: 'ab'.repeat(32),
      MODEL_INPUTS: { image: 'pixels', magnitudes: 'mags' },
      COLUMNS: ['images', 'magnitudes', 'redshift', 'id'],
      ALLOW_BATCH_DEPENDENCE: true,
      CHECK_CRC: false,
      HASH_INPUTS: true,
      PUBLISH_RANKS: 'as_they_end',
      REQUEST_PAYER: true,
      SIGN_REQUESTS: false,
    };
    const meeting = { FMI_ENABLED: true, RENDEZVOUS_ENDPOINT: 'example.org:10000', FMI_WORLD_SIZE: 2 };
    const items = [
      {
        ...shared,
        ...meeting,
        RANK: '0',
        DATA_PATH: ['d/3.pt', 'd/1.pt'],
        DATA_OBJECTS: [await version('d/3.pt'), await version('d/1.pt')],
        FMI_RANK: 0,
      },
      { ...shared, RANK: '1', DATA_PATH: null },
      { ...shared, ...meeting, RANK: '2', DATA_PATH: 'd/2.pt', DATA_OBJECTS: [await version('d/2.pt')], FMI_RANK: 1 },
    ];
    expect(answer).toEqual({ statusCode: 200, run: reference, warnings: [], body: items });
    const record: unknown = JSON.parse((await store.get(`out/runs/${runId}/run.json`)).toString());
    expect(record).toMatchObject({
      run: reference,
      created_at: now.toISOString(),
      model: await version('models/m.onnx'),
      partitions: { files: 3, bytes: 3 },
      store_requests: { puts: 3 },
      format: 2,
    });
  });

  it('says nothing to the ranks of what the payload leaves as usual', async () => {
    const store = await bucketWith('galaxies', ['1.pt']);
    const { size, etag } = (await store.head('1.pt'))!;

    const { body } = await run({ bucket: 'galaxies' });

    expect(body).toEqual([
      {
        S3_BUCKET: 'galaxies',
        WORLD_SIZE: '1',
        DATA_BUCKET: 'galaxies',
        DATA_PREFIX: '',
        RESULT_PATH: 'results',
        BATCH_SIZE: 128,
        RUN_ID: '20260304T050607Z-01234567',
        RANK: '0',
        DATA_PATH: '1.pt',
        DATA_OBJECTS: [{ size, etag }],
      },
    ]);
    const record: unknown = JSON.parse((await store.get(runJson)).toString());
    expect(record).not.toHaveProperty('model');
  });

  it('refuses a model that is not there, and says where it looked', async () => {
    await bucketWith('galaxies', ['1.pt']);

    await expect(run({ bucket: 'galaxies', model: 'models/m.onnx' })).rejects.toThrow(
      new UserInputError(`There is no model models/m.onnx in ${base}/galaxies. Check "model" in the payload.`),
    );
  });

  it('leaves a model that only the ranks may read to them, and nothing else that goes wrong', async () => {
    await bucketWith('galaxies', ['1.pt']);
    const withHead = (error: Error) =>
      initialize(
        { bucket: 'galaxies', model: 's3://theirs/m.onnx' },
        {
          openStore: (address) =>
            address === 's3://theirs'
              ? { ...openStore(address), head: () => Promise.reject(error) }
              : openStore(address, { base: `file://${base}` }),
          now: () => now,
          newRunId: (time) => runId(time, '0123456789abcdef'),
        },
      );

    const { body } = await withHead(new AccessDeniedError('s3://theirs', 'not for you'));
    expect(body![0]).toMatchObject({ MODEL: 's3://theirs/m.onnx' });
    expect(body![0]).not.toHaveProperty('MODEL_OBJECT');
    await expect(withHead(new NoSuchBucketError('s3://theirs'))).rejects.toThrow(NoSuchBucketError);
  });

  it('lets as many ranks meet as may run at once', async () => {
    await bucketWith('galaxies', ['1.pt', '2.pt']);

    const answer = await run({ bucket: 'galaxies', max_concurrency: 2, ...fmi });

    expect(answer).toMatchObject({ run: { fmi_enabled: true }, warnings: [] });
  });

  it.each([
    ['a wrong payload', { bucket: 'galaxies', batch_size: 'abc' }, InvalidInputError],
    ['an empty folder', { bucket: 'galaxies', data_prefix: '25MB' }, UserInputError],
    ['a data bucket that does not exist', { bucket: 'galaxies', data_bucket: 'nowhere' }, NoSuchBucketError],
  ])('refuses %s and writes nothing', async (_, payload, error) => {
    await bucketWith('galaxies', []);

    await expect(run(payload)).rejects.toThrow(error);

    expect(await keysOf('galaxies')).toEqual(['keep']);
  });
});
