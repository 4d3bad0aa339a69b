import { InvalidInputError, parseRunPayload } from '../src/index.ts';

/** The four shapes in use, as their authors send them. */
const fmiRun = {
  bucket: 'team2-cosmical-7078ea12',
  file_limit: '1000',
  object_type: 'batch_json',
  script: '/tmp/cosmic_inference_workflow',
  data_bucket: 'team2-cosmical-7078ea12',
  data_prefix: 'datasets',
  rendezvous_endpoint: 'rendezvous.uva-ds5110.com:10000',
  unique_id: '7078ea12',
  test_mode: true,
  fmi_enabled: true,
  data_size: 'medium',
  batch_size: 128,
  world_size: 4,
  S3_object_name: 'batch_2.json',
  result_path: 'results/test_20_ws4_bs128',
  data_map: { '0': null, '1': null, '2': null, '3': null },
};
const minimalRun = {
  bucket: 'team2-cosmical-7078ea12',
  world_size: 4,
  batch_size: 128,
  data_prefix: 'datasets',
  rendezvous_endpoint: 'rendezvous.uva-ds5110.com:10000',
  fmi_enabled: true,
  data_map: { '0': null, '1': null, '2': null, '3': null },
};
const rendezvousStep = {
  world_size: 4,
  batch_size: 128,
  data_size: 'medium',
  S3_object_name: 'batch_4.json',
  bucket: 'team2-cosmical-7078ea12',
  rendezvous_endpoint: 'rendezvous.uva-ds5110.com:10000',
  unique_id: '7078ea12',
  result_path: 'results/world_4',
};
const upstreamRun = {
  bucket: 'cosmicai-data',
  file_limit: '90',
  batch_size: 512,
  object_type: 'folder',
  S3_object_name: 'Anomaly Detection',
  script: '/tmp/Anomaly Detection/Inference/inference.py',
  result_path: 'scaling/result-partition-100MB/9GB/2',
  data_bucket: 'cosmicai-data',
  data_prefix: '100MB',
};

describe('parseRunPayload', () => {
  it.each([
    ['an FMI run', fmiRun, { world_size: 4, file_limit: 1000, data_prefix: 'datasets/medium', fmi_enabled: true }],
    ['a minimal run', minimalRun, { world_size: 4, batch_size: 128, data_prefix: 'datasets', result_path: 'results' }],
    ['a rendezvous step', rendezvousStep, { data_prefix: 'datasets/medium', fmi_enabled: false }],
    [
      'an upstream run',
      upstreamRun,
      { file_limit: 90, batch_size: 512, data_bucket: 'cosmicai-data', data_prefix: '100MB' },
    ],
  ])('accepts the shape of %s', (_, input, expected) => {
    const { payload, warnings } = parseRunPayload(input);

    expect(payload).toMatchObject(expected);
    expect(payload.world_size).toBe('world_size' in input ? 4 : undefined);
    expect(warnings).toEqual([]);
  });

  it('reads every number from text too', () => {
    const { payload } = parseRunPayload({
      bucket: 'data',
      world_size: '4',
      batch_size: ' 128 ',
      file_limit: '7',
      tolerated_failure_percentage: '12.5',
    });

    expect(payload).toMatchObject({
      world_size: 4,
      batch_size: 128,
      file_limit: 7,
      tolerated_failure_percentage: 12.5,
    });
  });

  it('takes data_bucket from bucket, and accepts it with a blank in its name', () => {
    expect(parseRunPayload({ bucket: 'code' }).payload.data_bucket).toBe('code');
    expect(parseRunPayload({ bucket: 'code', 'data bucket': 'galaxies' }).payload.data_bucket).toBe('galaxies');
    expect(() => parseRunPayload({ bucket: 'code', 'data bucket': 'a1', data_bucket: 'b1' })).toThrow(
      /same value in every spelling of data_bucket/,
    );
  });

  it('does not add data_size to a prefix that ends with it', () => {
    expect(
      parseRunPayload({ bucket: 'data', data_prefix: 'datasets/small', data_size: 'small' }).payload.data_prefix,
    ).toBe('datasets/small');
  });

  it('keeps unknown fields and warns about each', () => {
    const { payload, warnings } = parseRunPayload({
      bucket: 'data',
      owner: 'ana',
      'night of observation': 4,
      mode: 'fast',
    });

    expect(payload).toMatchObject({ owner: 'ana', night_of_observation: 4, mode: 'fast' });
    expect(warnings).toEqual(
      ['"owner"', '"night_of_observation"', '"mode"'].map((name) => expect.stringContaining(name) as string),
    );
  });

  it('counts the unknown fields that are too many to name', () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`note_${at}`, at]));

    const { warnings } = parseRunPayload({ bucket: 'data', ...many });

    expect(warnings).toHaveLength(21);
    expect(warnings.at(-1)).toBe('9980 more payload fields are not known');
  });

  it.each([
    ['wrold_size', 'world_size'],
    ['worldSize', 'world_size'],
    ['WORLD-SIZE', 'world_size'],
    ['Data Bucket', 'data_bucket'],
    ['data-bucket', 'data_bucket'],
    ['batchsize', 'batch_size'],
    ['batch_sizes', 'batch_size'],
    ['fmi_enable', 'fmi_enabled'],
    ['modle', 'model'],
    ['s3_object_name', 'S3_object_name'],
  ])('asks of %s whether %s was meant', (typed, meant) => {
    expect(problemsOf({ bucket: 'data', [typed]: 7 })).toContainEqual({
      path: typed,
      found: 'a field of this name',
      allowed: `${meant} (did you mean that?)`,
    });
  });

  it('checks the value of a mistyped field too, and misses no field that was only mistyped', () => {
    expect(problemsOf({ buckt: 'data', batchsize: 0 }).map(({ path }) => path)).toEqual([
      'buckt',
      'batchsize',
      'batch_size',
    ]);
  });

  it('takes the names of what every object has for unknown fields', () => {
    const names = ['constructor', 'toString', 'valueOf', 'hasOwnProperty'];
    const odd = JSON.parse(
      `{"bucket":"data","__proto__":{"world_size":3},${names.map((name) => `"${name}":1`).join()}}`,
    ) as object;

    const { payload, warnings } = parseRunPayload(odd);

    expect(payload.world_size).toBeUndefined();
    expect(Object.getPrototypeOf(payload)).toBe(Object.prototype);
    expect(warnings).toHaveLength(5);
    expect(
      problemsOf({ bucket: 'data', data_map: JSON.parse('{"__proto__":null,"constructor":"1.pt"}') }),
    ).toHaveLength(2);
  });

  it('refuses what is nested without end, wherever it stands', () => {
    const deep = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as unknown;

    expect(parseRunPayload({ bucket: 'data', notes: deep(150) }).warnings).toHaveLength(1);
    expect(problemsOf({ bucket: 'data', notes: deep(100_000) })[0]?.found).toContain('more than 200 levels');
    expect(problemsOf({ bucket: 'data', data_map: deep(100_000), 'data map': deep(100_000) })).toHaveLength(1);
  });

  it('refuses ranks that no run can have, and names the first twenty', () => {
    const dataMap = Object.fromEntries(Array.from({ length: 101 }, (_, rank) => [999_950 + rank, null]));
    const refused = () => parseRunPayload({ bucket: 'data', data_map: dataMap });

    expect(refused).toThrow(
      'payload has 51 problems:\n  data_map.1000000: found the rank "1000000"; allowed: a rank from 0 to 999999\n',
    );
    expect(refused).toThrow(/… and 31 more$/);
    expect(() => parseRunPayload({ bucket: 'data', data_map: { '999999': null } })).not.toThrow();
  });

  it.each([
    ['/'],
    ['//'],
    ['a\nb'],
    ['a\u0000'],
    ['a\u009bb'],
    ['a/../b'],
    ['\ud800'],
    ['x'.repeat(901)],
    ['é'.repeat(451)],
  ])('refuses the result_path %j', (path) => {
    expect(problemsOf({ bucket: 'data', result_path: path })).toEqual([
      expect.objectContaining({ path: 'result_path' }),
    ]);
  });

  it.each([
    ['s3://'],
    ['s3://a/b'],
    ['gs://a/b'],
    ['file://host'],
    ['file:///a%2Fb'],
    ['file:///a%00'],
    ['file:///%'],
    ['a:b'],
    ['a'],
  ])('refuses the bucket %s', (bucket) => {
    expect(problemsOf({ bucket })).toEqual([expect.objectContaining({ path: 'bucket' })]);
  });

  it('takes "/" for the whole data bucket', () => {
    expect(parseRunPayload({ bucket: 'data', data_prefix: '/' }).payload.data_prefix).toBe('');
  });

  it('changes nothing of what it has parsed', () => {
    for (const input of [fmiRun, minimalRun, rendezvousStep, upstreamRun]) {
      const { payload } = parseRunPayload(input);
      expect(parseRunPayload(payload)).toEqual({ payload, warnings: [] });
    }
  });

  it('lists every problem at once, each with path, finding and what is allowed', () => {
    const bad = {
      bucket: '',
      world_size: 0,
      batch_size: 'abc',
      result_path: '../up',
      data_size: 'huge',
      data_map: { '0': 7 },
      fmi_enabled: true,
    };

    const problems = problemsOf(bad);

    expect(problems.map((problem) => problem.path).sort()).toEqual([
      'batch_size',
      'bucket',
      'data_map.0',
      'data_size',
      'rendezvous_endpoint',
      'result_path',
      'world_size',
    ]);
    expect(problems).toContainEqual({ path: 'batch_size', found: '"abc"', allowed: 'a whole number from 1 to 65536' });
  });

  it.each([[-1], [0], [1.5], ['12x'], [''], [null], [true], [1e9]])('refuses batch_size %j', (batchSize) => {
    expect(problemsOf({ bucket: 'data', batch_size: batchSize })).toEqual([
      expect.objectContaining({ path: 'batch_size' }),
    ]);
  });

  it('asks for the rendezvous endpoint when FMI is on, and for a port in it', () => {
    expect(problemsOf({ bucket: 'data', fmi_enabled: true })[0]?.path).toBe('rendezvous_endpoint');
    expect(problemsOf({ bucket: 'data', rendezvous_endpoint: 'example.org' })[0]?.path).toBe('rendezvous_endpoint');
    const own = { bucket: 'data', fmi_enabled: true, rendezvous_endpoint: 'stage' };
    expect(parseRunPayload(own).payload).toMatchObject(own);
  });

  it('refuses a data_map that names ranks beyond world_size', () => {
    expect(problemsOf({ bucket: 'data', world_size: 2, data_map: { '2': null } })[0]?.path).toBe('data_map.2');
  });

  it.each([[null], [[]], ['text'], [3]])('refuses %j as a payload', (input) => {
    expect(problemsOf(input)[0]?.path).toBe('(root)');
  });
});

function problemsOf(input: unknown) {
  try {
    parseRunPayload(input);
  } catch (error) {
    if (error instanceof InvalidInputError) return error.problems;
    throw error;
  }
  throw new Error('the payload was accepted');
}
