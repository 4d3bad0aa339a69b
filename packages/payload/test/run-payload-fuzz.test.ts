import fc from 'fast-check';
import { fuzz, oddValue, oneFieldChanged } from '../../../test/fuzz.ts';
import { parseRunPayload, planRanks, partitionsIn, runLayout } from '../src/index.ts';

const numeric = (min: number, max: number) =>
  fc.integer({ min, max }).chain((value) => fc.constantFrom<number | string>(value, String(value), ` ${value} `));
const flag = fc.constantFrom<boolean | string>(true, false, 'true', 'false', '1', '0');
const name = fc.stringMatching(/^[a-z][a-z0-9-]{2,20}$/);
const bucket = fc.oneof(
  name,
  name.map((one) => `s3://${one}`),
  name.map((one) => `file:///tmp/${one}`),
);
const path = fc
  .array(fc.stringMatching(/^[A-Za-z0-9 _=-]{1,12}$/), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'))
  .filter((text) => text.trim() === text);
const partition = fc.integer({ min: 1, max: 12 }).map((number) => `${number}.pt`);

/** Payloads as the published ones are: any of the fields, numbers as numbers or text, blanks or underscores in names. */
const payload = fc
  .record(
    {
      bucket,
      data_bucket: bucket,
      data_prefix: fc.oneof(path, fc.constantFrom('', 'datasets', 'datasets/small')),
      data_size: fc.constantFrom('small', 'medium', 'large'),
      file_limit: numeric(1, 1000),
      world_size: numeric(8, 64),
      batch_size: numeric(1, 4096),
      result_path: path,
      data_map: fc.dictionary(
        fc.integer({ min: 0, max: 7 }).map(String),
        fc.oneof(partition, fc.array(partition), fc.constant(null)),
      ),
      fmi_enabled: flag,
      rendezvous_endpoint: fc.constant('rendezvous.example.org:10000'),
      model: path,
      max_concurrency: numeric(1, 10_000),
      tolerated_failure_percentage: numeric(0, 100),
      unique_id: fc.string(),
      test_mode: flag,
      object_type: fc.constantFrom('folder', 'batch_json'),
      S3_object_name: fc.string(),
      script: fc.string(),
      night: fc.jsonValue({ maxDepth: 3 }),
    },
    { requiredKeys: ['bucket', 'rendezvous_endpoint'] },
  )
  .chain((fields) => fc.boolean().map((blank): object => (blank ? withBlanks(fields) : fields)));

function withBlanks(fields: object): object {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key.replaceAll('_', ' '), value as unknown]));
}

/** What a payload goes through before anything is written. */
function take(input: unknown): void {
  const parsed = parseRunPayload(input);
  expect(parseRunPayload(parsed.payload).payload).toEqual(parsed.payload);
  const folder = parsed.payload.data_prefix === '' ? '' : `${parsed.payload.data_prefix}/`;
  const keys = Array.from({ length: 12 }, (_, at) => ({ key: `${folder}${at + 1}.pt` }));
  const ranks = planRanks(
    { ...parsed.payload, data_map: undefined },
    partitionsIn(keys, parsed.payload.data_prefix).partitions.map(({ key }) => key),
  );
  expect(ranks.length).toBeLessThanOrEqual(10_000);
  expect(runLayout(parsed.payload.result_path, 'run').folder).not.toMatch(/\p{Cc}|^\//u);
  JSON.stringify(parsed);
}

it('every payload is accepted or refused by name', () => {
  const tally = fuzz({ tries: 4000, valid: payload, changed: oneFieldChanged(payload), other: oddValue, take });

  expect(tally.changed).toBeGreaterThanOrEqual(tally.tries / 2);
  expect(tally.accepted).toBeGreaterThanOrEqual(tally.tries / 3);
});
