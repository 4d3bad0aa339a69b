import {
  EnvironmentError,
  parseRunPayload,
  partitionsIn,
  planRanks,
  UserInputError,
  type Manifest,
  type RunPayload,
  type RunRecord,
} from '@cosmicai/payload';
import { listAll, schemeOf, type ObjectInfo, type ObjectStore } from '@cosmicai/store';
import type { Finding } from './findings.ts';

/** Listings tell times in whole seconds, cut off. */
const RESOLUTION_MS = 1000;

/**
 * Partitions in the bucket that lay there before the run was planned, by their times, and that no rank was given: the listing
 * by which it was planned left them out. S3 itself lists all that was written; stores that speak its language may be late. In
 * folders times say nothing of it, as copies keep those of what they copy.
 */
export async function unplannedPartitions(
  { payload: recorded, created_at: createdAt }: Pick<RunRecord, 'payload' | 'created_at'>,
  manifest: Manifest,
  openData: () => ObjectStore,
): Promise<{ readonly findings: readonly Finding[]; readonly notes: readonly string[] }> {
  const payload = unlessRefused(() => parseRunPayload(recorded).payload);
  try {
    const store = openData();
    // Which cutouts there are is told by their table, too.
    const isCutouts = manifest.some(({ CUTOUTS }) => CUTOUTS !== undefined);
    if (schemeOf(store.url)?.isRemote !== true || payload === undefined || isCutouts)
      return { findings: [], notes: [] };
    const prefix = payload.data_prefix;
    const { objects } = await listAll(store, prefix === '' ? '' : `${prefix}/`);
    return { findings: leftOut(payload, objects, manifest, Date.parse(createdAt)), notes: [] };
  } catch (error) {
    if (!(error instanceof UserInputError || error instanceof EnvironmentError)) throw error;
    return { findings: [], notes: [`Whether the plan left partitions out was not checked: ${error.message}`] };
  }
}

function leftOut(payload: RunPayload, objects: readonly ObjectInfo[], manifest: Manifest, planned: number): Finding[] {
  const old = objects.filter(({ lastModified }) => lastModified.getTime() + RESOLUTION_MS <= planned);
  const given = new Set(manifest.flatMap(({ DATA_PATH }) => DATA_PATH));
  return shouldBeGiven(
    payload,
    old.map(({ key }) => key),
  )
    .filter((key) => !given.has(key))
    .map((key) => ({
      what: key,
      problem: 'lay there when the run was planned, and no rank was given it: the bucket did not list it then',
      mend: 'replan',
    }));
}

/** By the same rules as in the plan, which limit how many, or name some. */
function shouldBeGiven(payload: RunPayload, keys: readonly string[]): string[] {
  const { partitions } = partitionsIn(
    keys.map((key) => ({ key })),
    payload.data_prefix,
  );
  const plan = unlessRefused(() =>
    planRanks(
      payload,
      partitions.map(({ key }) => key),
    ),
  );
  return plan?.flat() ?? [];
}

/** What is refused now is found where inputs are compared: a partition that is gone, say. */
function unlessRefused<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof UserInputError) return undefined;
    throw error;
  }
}
