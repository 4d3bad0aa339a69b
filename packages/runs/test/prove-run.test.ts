import type { RankResult } from '@cosmicai/payload';
import fc from 'fast-check';
import { isSealBroken, isSealed, sealedText } from '@cosmicai/store';
import { differenceFromTask, provenRank, proveRun } from '../src/index.ts';
import { rankResult, rankTask, SHA } from './support.ts';

const [partition] = rankResult(3).partitions;
const file = rankResult(3).predictions_file!;

describe('a result beside its task', () => {
  it('differs in nothing when the rank did what was planned', () => {
    expect(differenceFromTask(rankTask(3), rankResult(3))).toBeUndefined();
  });

  it.each<[string, Partial<RankResult>, RegExp]>([
    ['another run', { run_id: 'other' }, /belongs to run other/],
    ['another rank', { rank: 4 }, /belongs to rank 4/],
    ['other partitions', { data_path: '5.pt' }, /is about 5\.pt, planned was 4\.pt/],
    ['a partition under another name', { partitions: [{ ...partition!, key: '5.pt' }] }, /planned was 4\.pt/],
    [
      'another version of it',
      { partitions: [{ ...partition!, etag: 'new' }] },
      /another version of 4\.pt: .*etag new.*etag e3/,
    ],
    ['another size of it', { partitions: [{ ...partition!, size: 101 }] }, /101 bytes/],
    ['part of it', { partitions: [{ ...partition!, index_range: [1, 3] }] }, /leaves out galaxies of 4\.pt/],
    ['more galaxies than it has', { samples: 4 }, /counts 4 galaxies, but 3 in its partitions/],
    ['fewer predictions', { predictions_file: { ...file, rows: 2 } }, /3 galaxies and 2 predictions/],
    [
      'predictions of another rank',
      { predictions_file: { ...file, key: 'out/runs/run/predictions/1.parquet' } },
      /those of its rank/,
    ],
    ['no word of its predictions', { predictions_file: undefined }, /does not tell what its predictions are/],
  ])('is told from one with %s', (_, changes, difference) => {
    const { predictions_file: kept, ...result } = { ...rankResult(3), ...changes };
    expect(differenceFromTask(rankTask(3), { ...result, ...(kept && { predictions_file: kept }) })).toMatch(difference);
  });

  it('is told from one by another model, and one with other galaxies than an earlier attempt found', () => {
    expect(differenceFromTask(rankTask(3, { MODEL_SHA256: 'b'.repeat(64) }), rankResult(3))).toMatch(
      /by the model aaaa/,
    );
    const known = [{ size: 100, etag: 'e3', galaxies: 4 }];
    expect(differenceFromTask(rankTask(3, { DATA_OBJECTS: known }), rankResult(3))).toMatch(
      /has 3 galaxies of 4\.pt, which has 4/,
    );
  });
});

describe('the proof of a run', () => {
  const manifest = Array.from({ length: 12 }, (_, rank) => rankTask(rank));
  const results = manifest.map(({ RANK }) => rankResult(RANK));

  it('says that each galaxy was predicted once, by one model, from and into files that stayed', () => {
    expect(proveRun({ manifest, results: results.map(provenRank) })).toEqual({
      statement: '36 of 36 galaxies, each once; 1 model; 24 of 24 files unchanged',
      galaxies: 36,
      galaxies_planned: 36,
      partitions: { planned: 12, predicted: 12 },
      models: [SHA],
      files: { checked: 24, unchanged: 24 },
      problems: [],
    });
  });

  it('does not know how many galaxies ranks have that left nothing, unless an earlier attempt did', () => {
    const left = results.slice(1);
    expect(proveRun({ manifest, results: left.map(provenRank), changedFiles: 1 }).statement).toBe(
      '33 galaxies of 11 of 12 partitions, each once; 1 model; 22 of 23 files unchanged',
    );
    const known = manifest.map((task) => ({ ...task, DATA_OBJECTS: [{ ...task.DATA_OBJECTS![0]!, galaxies: 3 }] }));
    expect(proveRun({ manifest: known, results: left.map(provenRank) }).statement).toMatch(/^33 of 36 galaxies/);
  });

  it('names two models, and a partition that is planned twice', () => {
    const other = { ...results[5]!, model_sha256: 'b'.repeat(64) };
    const twice = [...manifest.slice(0, 11), rankTask(11, { DATA_PATH: '3.pt' })];
    expect(proveRun({ manifest: twice, results: results.with(5, other).map(provenRank) }).problems).toEqual([
      '3.pt is planned twice, for rank 2 and rank 11: its galaxies would count twice.',
      expect.stringMatching(
        /^2 models predicted: aaaaaaaaaaaa… \(ranks 0, 1, 2, 3, 4, 6, 7, 8, 9, 10 and 1 more\), bbbbbbbbbbbb… \(rank 5\)/,
      ),
    ]);
  });

  it('of an earlier version’s run says that no file could be checked', () => {
    const old = results.map(({ predictions_file: _, ...result }) => result);
    const tasks = manifest.map(({ DATA_OBJECTS: _, ...task }) => task);
    expect(proveRun({ manifest: tasks, results: old.map(provenRank) }).statement).toMatch(/no file could be checked/);
    expect(proveRun({ manifest, results: [] }).statement).toMatch(/no file was to be checked, as no rank is done/);
  });
});

describe('a seal', () => {
  const text = sealedText({ run_id: 'run', objects: [{ key: '0.json', size: 3, sha256: SHA }] });

  it('holds for the text as it was sealed', () => {
    expect(isSealed(text)).toBe(true);
    expect(JSON.parse(text)).toMatchObject({ run_id: 'run', seal: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('breaks with any change of any byte', () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 1, max: 127 }), (place, change) => {
        const changed = String.fromCharCode(text.charCodeAt(place) ^ change);
        expect(isSealed(text.slice(0, place) + changed + text.slice(place + 1))).toBe(false);
      }),
      { numRuns: 2000 },
    );
    expect(isSealed('{}')).toBe(false);
    expect([isSealBroken('{}'), isSealBroken(text), isSealBroken(text.replace('run', 'won'))]).toEqual([
      false,
      false,
      true,
    ]);
  });
});
