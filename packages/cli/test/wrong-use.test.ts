import { mkdirSync, writeFileSync } from 'node:fs';
import { Workspace } from './support/workspace.ts';

let workspace: Workspace;
beforeAll(async () => {
  workspace = new Workspace();
  await workspace.survey('parts', { count: 4, files: 2 });
  mkdirSync(workspace.path('empty'));
  mkdirSync(workspace.path('marked'));
  writeFileSync(workspace.path('marked', '%=x.pt'), '');
});
afterAll(() => workspace.remove());

/** A payload file that says what `fields` say. */
function payload(name: string, fields: unknown): string {
  writeFileSync(workspace.path(name), typeof fields === 'string' ? fields : JSON.stringify(fields));
  return name;
}

const location = (folder: string) => ({ bucket: `file://${workspace.path(folder)}`, data_bucket: partsBucket() });
const partsBucket = () => `file://${workspace.path('parts')}`;

/** What a wrong command line or payload must do: say what is wrong once, answer 2, leave no run. */
async function expectRefused(args: readonly string[], results: string, message: RegExp): Promise<void> {
  const end = await workspace.inProcess(args);
  expect({ code: end.code, stdout: end.stdout }).toEqual({ code: 2, stdout: '' });
  expect(end.stderr).toMatch(message);
  expect(end.stderr).not.toMatch(/\n\s+at |node:internal/);
  const said = end.stderr.match(new RegExp(message.source, `${message.flags.replace('g', '')}g`));
  expect(said).toHaveLength(1);
  expect(workspace.exists(results, 'runs')).toBe(false);
  expect(workspace.exists(results, 'results', 'runs')).toBe(false);
}

describe('a wrong payload', () => {
  it.each([
    ['world_size 0', { world_size: 0 }, /world_size: found 0; allowed: .*1/],
    ['batch_size -1', { batch_size: -1 }, /batch_size: found -1; allowed: .*1/],
    ['batch_size "abc"', { batch_size: 'abc' }, /batch_size: found "abc"; allowed: /],
    [
      'several wrong fields',
      { world_size: '0', batch_size: 1.5, fmi_enabled: true },
      /payload \/.*several wrong fields\.json has 3 problems/,
    ],
  ])('with %s is refused before anything starts', async (name, fields, message) => {
    const file = payload(`${name}.json`, { ...location(name), ...fields });
    await expectRefused(['run', file], name, message);
    expect(workspace.exists(name)).toBe(false);
  });

  it.each([
    ['an unreadable file', 'absent.json', /The payload .*absent\.json can't be read: ENOENT/],
    ['no JSON', 'not.json', /The payload .*not\.json is not valid JSON: /],
    ['JSON that is not an object', 'list.json', /payload .*list\.json has 1 problem:\n.*a JSON object/],
  ])('in %s is refused', async (_name, file, message) => {
    payload('not.json', '{"bucket": ');
    payload('list.json', []);
    await expectRefused(['run', file], 'results', message);
  });

  it('without a bucket and without --data is refused', async () => {
    await expectRefused(['run', payload('nothing.json', {})], 'results', /No data to read: name a folder with --data/);
  });
});

describe('data that are not there', () => {
  it('names a bucket that does not exist', async () => {
    const file = payload('no-bucket.json', { bucket: 'nowhere-at-all', world_size: 2 });
    const store = `file://${workspace.path('buckets')}`;
    await expectRefused(['run', file, '--store', store], 'nowhere-at-all', /There is no folder \/.*nowhere-at-all/);
    expect(workspace.exists('buckets')).toBe(false);
  });

  it('names a data folder that does not exist', async () => {
    await expectRefused(['run', '--data', 'gone', '-r', 'no-data'], 'no-data', /There is no folder \/.*\/gone\b/);
  });

  it('names an empty folder', async () => {
    await expectRefused(['run', '--data', 'empty', '-r', 'none'], 'none', /No partition files \(\*\.pt\) under/);
  });

  it('names an empty prefix of a bucket', async () => {
    const file = payload('no-prefix.json', { ...location('none-here'), data_prefix: '100MB' });
    await expectRefused(['run', file], 'none-here', /No partition files \(\*\.pt\) under "100MB\/"/);
  });
});

describe('a wrong command line', () => {
  it.each([
    [['run', '--data', 'parts', '--world-size', '0'], /--world-size .*Expected a whole number from 1 to 10000/],
    [['run', '--data', 'parts', '--batch-size', 'abc'], /--batch-size .*'abc'.*Expected a whole number of at least 1/],
    [['run', '--data', 'parts', '--wolrd-size', '4'], /unknown option '--wolrd-size'/],
    [['run', '--resume', 'empty'], /empty holds no execution to go on with/],
    [['run', '--data', 'parts', '--model', 'gone.onnx'], /There is no model file .*gone\.onnx/],
    [['rum'], /unknown command 'rum'/],
    [['infer', 'parts/1.pt', '--out', 'table.txt'], /--out table\.txt must end with \.csv or \.parquet/],
    [['infer', 'parts/1.pt', '--workers', '100000'], /Expected a whole number from 1 to \d+\./],
    [['split', 'gone.pt', '--out', 'split'], /There is no file .*gone\.pt/],
    [['simulate', '--partition-size', '25'], /Expected a size such as 25MB or 1GB/],
    [['model', 'import', 'parts/1.pt', '--out', 'model.onnx'], /1\.pt/],
    [['model', 'inspect', 'parts/1.pt'], /1\.pt/],
    [['infer', 'marked/%=x.pt'], /%=x\.pt can't be used by its name: .* Rename it, e\.g\. x\.pt\./],
    [['report', 'marked/%=x.pt'], /%=x\.pt can't be used by its name/],
    [['run', '--data', 'parts', '--results', 'marked/%!x'], /%!x can't be used by its name/],
    [['status', 'results', '20260304T050607Z-01234567'], /There is no run 20260304T050607Z-01234567/],
    [['status', '--stage', 'dev'], /--stage is for --target aws, not for --target local/],
  ])('%j answers 2 and one message', async (args, message) => {
    await expectRefused(args, 'results', message);
  });

  it('leaves no file that was begun', () => {
    // All commands above have ended.
    expect(workspace.names().filter((name) => /^(split|model\.onnx|.*\.partial)$/.test(name))).toEqual([]);
  });
});
