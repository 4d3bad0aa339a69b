import { parseRunPayload } from '@cosmicai/payload';
import { AccessDeniedError, type ObjectInfo, type ObjectStore } from '@cosmicai/store';
import { unplannedPartitions } from '../src/verify/unplanned.ts';
import { rankTask } from './support.ts';

const PLANNED = '2026-03-04T05:06:07.500Z';
const [BEFORE, AFTER] = [new Date('2026-03-04T05:06:06Z'), new Date('2026-03-04T05:06:07Z')];

function bucket(listed: Readonly<Record<string, Date>>, url = 's3://galaxies'): ObjectStore {
  const objects = Object.entries(listed).map(([key, lastModified]): ObjectInfo => ({
    key,
    lastModified,
    size: 1,
    etag: 'e',
  }));
  return {
    url,
    async *list(prefix: string) {
      await Promise.resolve();
      yield* objects.filter(({ key }) => key.startsWith(prefix));
    },
  } as unknown as ObjectStore;
}

const FIELDS = { bucket: 'galaxies', result_path: 'out', data_bucket: 'galaxies', data_prefix: 'parts', world_size: 2 };

async function unplanned(listed: Readonly<Record<string, Date>>, fields: object = {}, url?: string) {
  const { payload } = parseRunPayload({ ...FIELDS, ...fields });
  const manifest = ['1', '2'].map((name, rank) => rankTask(rank, { DATA_PATH: `parts/${name}.pt` }));
  const { findings, notes } = await unplannedPartitions({ payload, created_at: PLANNED }, manifest, () =>
    bucket(listed, url),
  );
  return [...findings.map(({ what }) => what), ...notes];
}

const PLAN = { 'parts/1.pt': BEFORE, 'parts/2.pt': BEFORE };

describe('partitions that a plan left out', () => {
  it('are those that lay in the bucket before, and that the payload asks for', async () => {
    expect(await unplanned(PLAN)).toEqual([]);
    expect(await unplanned({ ...PLAN, 'parts/3.pt': BEFORE })).toEqual(['parts/3.pt']);
    expect(await unplanned({ ...PLAN, 'parts/0.pt': BEFORE })).toEqual(['parts/0.pt']);
  });

  it('are not those that came later, are no partitions, or were not asked for', async () => {
    expect(await unplanned({ ...PLAN, 'parts/3.pt': AFTER })).toEqual([]);
    expect(await unplanned({ ...PLAN, 'parts/notes.txt': BEFORE, 'parts/more/3.pt': BEFORE, '3.pt': BEFORE })).toEqual(
      [],
    );
    expect(await unplanned({ ...PLAN, 'parts/3.pt': BEFORE }, { file_limit: 2 })).toEqual([]);
    // With a limit it is the first ones that are asked for.
    expect(await unplanned({ ...PLAN, 'parts/0.pt': BEFORE }, { file_limit: 2 })).toEqual(['parts/0.pt']);
  });

  it('are not looked for in folders, nor where the plan names files that are gone', async () => {
    expect(await unplanned({ ...PLAN, 'parts/3.pt': BEFORE }, {}, 'file:///data')).toEqual([]);
    expect(await unplanned({ 'parts/3.pt': BEFORE }, { data_map: { 0: '1.pt' } })).toEqual([]);
  });

  it('are not known where the bucket may not be listed, which is said', async () => {
    const { payload } = parseRunPayload(FIELDS);
    const refused = unplannedPartitions({ payload, created_at: PLANNED }, [], () => {
      throw new AccessDeniedError('s3://galaxies', 'No permission.');
    });
    expect(await refused).toEqual({
      findings: [],
      notes: ['Whether the plan left partitions out was not checked: No permission.'],
    });
  });
});
