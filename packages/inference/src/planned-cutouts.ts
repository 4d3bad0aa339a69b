import type { RankTask } from '@cosmicai/payload';
import { openPlannedCutouts, type CutoutMember, type FolderFile, type SampleSource } from '@cosmicai/samples';
import { readableAddress, type ByteSource, type ObjectStore } from '@cosmicai/store';
import { plannedSource } from './planned-inputs.ts';

/** The galaxies of a rank whose files are cutouts. */
export interface RankCutouts {
  readonly source: SampleSource;
  /** Each galaxy's files, by their places in the task; galaxies of the same files lie one after the other. */
  readonly files: readonly (readonly number[])[];
}

/**
 * Opens the cutouts that a rank was given, with the rows of their table that belong to them.
 *
 * @param watched what each file is read through
 */
export async function plannedCutouts(
  { CUTOUTS: cutouts, DATA_PATH: keys, DATA_OBJECTS: versions, DATA_PREFIX: prefix, CHECK_CRC: checkCrc }: RankTask,
  store: ObjectStore,
  watched: (source: ByteSource) => ByteSource,
  signal: AbortSignal | undefined,
): Promise<RankCutouts | undefined> {
  if (cutouts === undefined) return undefined;
  const start = prefix === '' ? '' : `${prefix}/`;
  const fileAt = (key: string, version: { readonly size: number; readonly etag: string } | undefined): FolderFile => ({
    name: key.startsWith(start) ? key.slice(start.length) : key,
    size: version?.size ?? 0,
    open: async () => watched(await plannedSource(store, key, version)),
  });
  const files: number[][] = [];
  let next = 0;
  const members = cutouts.galaxies.map(({ name, row, bands, again = false }): CutoutMember => {
    const before = again ? files.at(-1) : undefined;
    const places = before ?? (bands ?? [undefined]).map(() => next++);
    files.push(places);
    const own = places.map((place, at) => ({ file: fileAt(keys[place] ?? '', versions?.[place]), band: bands?.[at] }));
    return { object: { name, files: own }, row };
  });
  const {
    table,
    shape: { parts, ...rest },
  } = cutouts;
  const shape = { ...rest, ...(parts && { parts }) };
  const plan = { table: table && fileAt(table.key, table), shape, members, notes: [] };
  const folder = readableAddress(store.url, prefix);
  return { source: await openPlannedCutouts(folder, plan, { checkCrc, ...(signal && { signal }) }), files };
}
