import { groupBy } from './group-by.ts';

/** A file that a listing found. */
export interface ListedObject {
  readonly key: string;
  readonly size?: number;
  /** Two keys with the same one lead to the same file. */
  readonly identity?: string;
  /** The key leads through a link. */
  readonly linked?: boolean;
}

/** Something that a listing left out. */
export interface LeftOut {
  readonly key: string;
  readonly why: string;
}

export interface FoundPartitions<Item> {
  readonly partitions: readonly Item[];
  /** One sentence for each kind of thing that looks like data and isn't read. */
  readonly warnings: readonly string[];
}

const NAMES_SHOWN = 5;
const PARTITION = '.pt';
/** Files of samples that torch didn't write, and that ranks read by ranges. */
const OTHER_FORMATS = /\.(npz|npy|safetensors|parquet|fits?)$/i;
/** The library that reads them is not packed with the function of a rank. */
const HDF5 = /\.(h5|hdf5)$/i;
/** `1.PT`, `1.pth`, `1.pt.tmp`, `1.pt~`, `1.pt (1)`, `1.ckpt`: what people and programs make of a partition's name. */
const LIKE_A_PARTITION = /\.(pth?([^a-z0-9].*)?|ckpt)$/i;
/** A folder that an unzipped partition makes. */
const LIKE_A_PARTITION_FOLDER = /(^|\/)[^/]+\.pt\//;

/**
 * The partition files among what a listing of a prefix found: those right in its folder or, when there are none, all below
 * it; where there is no `.pt` at all, the files of other formats right in the folder, by their endings. Hidden files and what lies in hidden folders count for nothing, as macOS's `._1.pt`, which is not a partition; of several
 * links to one file, and the file, one is read.
 *
 * @param prefix without a slash at its end
 */
export function partitionsIn<Item extends ListedObject>(
  objects: readonly Item[],
  prefix: string,
  leftOut: readonly LeftOut[] = [],
): FoundPartitions<Item> {
  const below = (key: string) => key.slice(prefix === '' ? 0 : prefix.length + 1);
  const isHidden = (key: string) =>
    below(key)
      .split('/')
      .some((part) => part.startsWith('.'));
  const isDirect = (key: string) => !below(key).includes('/');
  const shown = objects.filter(({ key }) => !isHidden(key));
  const torch = shown.filter(({ key }) => key.endsWith(PARTITION));
  const foreign = shown.filter(({ key }) => isDirect(key) && OTHER_FORMATS.test(key));
  const all = torch.length > 0 ? torch : foreign;
  const direct = all.filter(({ key }) => isDirect(key));
  const [candidates, deeper] = direct.length > 0 ? [direct, all.filter(({ key }) => !isDirect(key))] : [all, []];
  const isLevel = (key: string) => direct.length === 0 || isDirect(key);
  const partitions = eachOnce(candidates);
  const read = new Set<Item>(partitions);
  const isLike = ({ key }: ListedObject) => isLevel(key) && !key.endsWith(PARTITION) && LIKE_A_PARTITION.test(key);
  const isTold = ({ key }: LeftOut) =>
    !isHidden(key) &&
    isLevel(key) &&
    // A file's name with another ending is that of something else.
    (LIKE_A_PARTITION.test(key) || !/\.[^/]*$/.test(below(key)));
  const leftOutBy = groupBy(leftOut.filter(isTold), ({ why }) => why);
  const unzipped = new Set(shown.flatMap(({ key }) => LIKE_A_PARTITION_FOLDER.exec(below(key))?.[0] ?? []));
  const hdf5 = shown.filter(({ key }) => isLevel(key) && HDF5.test(key));
  const others = partitions.length > 0 ? [] : shown.filter((item) => !isLike(item) && !hdf5.includes(item));

  const kinds: (readonly [problem: string, what: string, keys: readonly string[]])[] = [
    ['partitions right in the folder hide those further down, which are not read', 'file', keysOf(deeper)],
    ['only names that end in .pt are partitions, so these are not read', 'file', keysOf(shown.filter(isLike))],
    ['ranks read no HDF5, make partitions of it with cosmicai convert', 'file', keysOf(hdf5)],
    ['where there are .pt files, those of other formats are not read', 'file', keysOf(torch.length > 0 ? foreign : [])],
    ['links to files that are read already are not read', 'file', keysOf(candidates.filter((item) => !read.has(item)))],
    ['folders named like partitions are read as folders', 'folder', [...unzipped]],
    ['empty partition files will fail', 'file', keysOf(partitions.filter(({ size }) => size === 0))],
    ...[...leftOutBy].map(([why, entries]) => [`not read, being ${why}`, 'entry', keysOf(entries)] as const),
    ['other files are not partitions', 'file', keysOf(others)],
  ];
  const warnings = kinds.flatMap(([problem, what, keys]) =>
    keys.length === 0 ? [] : [`${problem}: ${counted(keys.length, what)}, ${names(keys)}`],
  );
  return { partitions, warnings };

  function keysOf(items: readonly { readonly key: string }[]): string[] {
    return items.map(({ key }) => below(key));
  }
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what === 'entry' ? 'entrie' : what}s`;
}

/** The partitions among the names of files in a folder. */
export function partitionNames(names: readonly string[]): string[] {
  return partitionsIn(
    names.map((key) => ({ key })),
    '',
  ).partitions.map(({ key }) => key);
}

/** Of keys that lead to the same file, the one without a link, else the first. */
function eachOnce<Item extends ListedObject>(items: readonly Item[]): Item[] {
  const chosen = new Map<string | undefined, Item>();
  for (const item of items) {
    const other = chosen.get(item.identity);
    if (other === undefined || (other.linked === true && item.linked !== true)) chosen.set(item.identity, item);
  }
  return items.filter((item) => item.identity === undefined || chosen.get(item.identity) === item);
}

function names(keys: readonly string[]): string {
  const more = keys.length - NAMES_SHOWN;
  return `${keys.slice(0, NAMES_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
