import { defined, planRanks, valueOf, type PlannedCutouts, type RunPayload } from '@cosmicai/payload';
import { folderOf, hasCutouts, planCutouts, type CutoutMember } from '@cosmicai/samples';
import { readableAddress, type ObjectStore } from '@cosmicai/store';
import { ANY_MODEL, ofPayload } from './kept-types.ts';
import type { ObjectTable } from './object-table.ts';

const FITS = /\.(fits|fit)$/i;
/** Galaxies of a rank where nobody says how many ranks there are: a file each would be no work for a process. */
const GALAXIES_A_RANK = 1000;

export interface CutoutRanks {
  /** Files of each rank, by their places in the listing, those of a galaxy one after the other. */
  readonly plan: readonly (readonly number[])[];
  /** Of a rank, by the keys of its files. */
  readonly of: (share: readonly string[]) => PlannedCutouts;
  readonly warnings: readonly string[];
}

/**
 * Shares the galaxies of a folder of FITS cutouts out among ranks, in the order of their table. Each galaxy is read by one rank, with
 * the row that belongs to it.
 *
 * @param partitions what would be read one by one
 * @returns undefined where the folder is something else
 * @throws UserInputError when its table names none of them, or there are two
 */
export async function cutoutRanks(
  payload: RunPayload,
  store: ObjectStore,
  objects: ObjectTable,
  partitions: readonly number[],
): Promise<CutoutRanks | undefined> {
  if (partitions.length === 0 || !partitions.every((place) => FITS.test(objects.key(place)))) return undefined;
  const { data_prefix: prefix, world_size: asked, data_map: map } = payload;
  const listed = Array.from({ length: objects.count }, (_, place) => ({
    key: objects.key(place),
    ...objects.version(place),
  }));
  const folder = folderOf(store, listed, prefix, readableAddress(store.url, prefix));
  if (!(await hasCutouts(folder, {}))) return undefined;
  const { keep, columns } = payload;
  const planned = await planCutouts(folder, { spec: ANY_MODEL, keep, columns, checkCrc: payload.check_crc }).catch(
    (error: unknown) => {
      throw ofPayload(error);
    },
  );
  const { table, shape, members, notes } = planned;
  const keyOf = (name: string) => (prefix === '' ? name : `${prefix}/${name}`);
  const keysOf = ({ object }: CutoutMember) => object.files.map(({ file }) => keyOf(file.name));
  const filesOf = ([member]: readonly CutoutMember[]) => (member === undefined ? [] : keysOf(member));
  // Several rows of the table may name one file.
  const byFirst = new Map<string, CutoutMember[]>();
  for (const member of members) {
    const [first = ''] = keysOf(member);
    const galaxies = byFirst.get(first);
    if (galaxies === undefined) byFirst.set(first, [member]);
    else galaxies.push(member);
  }
  const places = new Map(listed.map(({ key }, place) => [key, place]));
  const version = table && listed[places.get(keyOf(table.name)) ?? -1];
  const size = asked ?? (map === undefined ? Math.ceil(byFirst.size / GALAXIES_A_RANK) : undefined);
  const order = new Map([...byFirst.keys()].map((key, place) => [key, place]));
  const firsts = planRanks({ ...payload, ...(size !== undefined && { world_size: size }) }, [...byFirst.keys()], notes);
  return {
    plan: firsts.map((share) =>
      share
        .toSorted((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0))
        .flatMap((key) => filesOf(valueOf(byFirst, key)).map((file) => valueOf(places, file))),
    ),
    of: (share) => ({
      ...(version && { table: { key: version.key, size: version.size, etag: version.etag } }),
      shape,
      galaxies: share.flatMap((key) => {
        return (byFirst.get(key) ?? []).map(({ object, row }, at) => {
          const bands = object.files.flatMap(({ band }) => band ?? []);
          const again = at > 0 ? true : undefined;
          return { name: object.name, ...defined({ row, bands: bands.length > 0 ? bands : undefined, again }) };
        });
      }),
    }),
    warnings: notes,
  };
}
