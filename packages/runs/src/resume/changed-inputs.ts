import { itemAt, type Manifest, type ObjectVersion, type RankTask } from '@cosmicai/payload';
import type { ObjectInfo, ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';

const CONCURRENT_READS = 32;

/** A partition that isn't the one that was planned. */
export interface ChangedPartition {
  readonly key: string;
  readonly planned: ObjectVersion;
  /** Undefined: it is gone. */
  readonly now: ObjectInfo | undefined;
}

/** Compares the partitions of a plan with what lies there now. Plans of earlier versions tell no versions: nothing is compared. */
export async function changedPartitions(
  manifest: Manifest,
  openData: (task: RankTask) => ObjectStore,
): Promise<ChangedPartition[]> {
  const planned = manifest.flatMap((task) =>
    task.DATA_PATH.flatMap((key, place) => {
      const version = task.DATA_OBJECTS?.[place];
      return version === undefined ? [] : [{ task, key, planned: version }];
    }),
  );
  const compared = await pMap(
    planned,
    async ({ task, key, planned: version }) => ({ key, planned: version, now: await openData(task).head(key) }),
    { concurrency: CONCURRENT_READS },
  );
  return compared.filter(({ planned: version, now }) => now?.etag !== version.etag || now.size !== version.size);
}

/** `3.pt: 100 bytes were planned, 120 are there` */
export function describeChange({ key, planned, now }: ChangedPartition): string {
  if (now === undefined) return `${key} is gone`;
  return planned.size === now.size
    ? `${key} was written again (etag ${planned.etag} was planned, ${now.etag} is there)`
    : `${key} has ${now.size} bytes, planned were ${planned.size}`;
}

/** A rank task as it stands in the manifest, with what else its author put there. */
type Item = Readonly<Record<string, unknown>>;

export interface NewInputs {
  readonly changed: readonly ChangedPartition[];
  /** Of partitions that ranks have read, by key. */
  readonly galaxies: ReadonlyMap<string, number>;
  /** Undefined: that of the plan stays. */
  readonly modelSha256?: string;
}

/** The items of a manifest with inputs as they are now. */
export function itemsWithInputs<Any extends Item>(
  items: readonly Any[],
  manifest: Manifest,
  { changed, galaxies, modelSha256 }: NewInputs,
): Any[] {
  const now = new Map(changed.map((partition) => [partition.key, partition.now]));
  return items.map((item, place) => {
    const { DATA_PATH: paths, DATA_OBJECTS: objects } = itemAt(manifest, place);
    const versions = objects?.map(({ size, etag }, at) => {
      const key = paths[at] ?? '';
      const found = now.get(key);
      const known = galaxies.get(key);
      if (found !== undefined) return { size: found.size, etag: found.etag };
      return { size, etag, ...(known !== undefined && { galaxies: known }) };
    });
    // Of a changed model the version of the plan would only be in the way: its bytes are what counts.
    const { MODEL_OBJECT: version, ...rest } = item;
    const model =
      modelSha256 === undefined ? version !== undefined && { MODEL_OBJECT: version } : { MODEL_SHA256: modelSha256 };
    return { ...rest, ...(versions !== undefined && { DATA_OBJECTS: versions }), ...model } as unknown as Any;
  });
}
