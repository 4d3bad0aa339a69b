import { groupBy } from './group-by.ts';
import { hasEnding } from './has-ending.ts';

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
/** `1.pth`, `1.pt.tmp`, `1.pt~`, `1.pt (1)`, `1.ckpt`: what people and programs make of a partition's name. */
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
  const finder = new PartitionFinder<Item>(prefix);
  for (const object of objects) finder.see(object, object);
  return finder.find(leftOut);
}

/** As partitionsIn, of a listing as it comes, of which only what may be a partition is kept, as whatever it is kept. */
export class PartitionFinder<Item> {
  readonly #prefix: string;
  readonly #torch = new Level<Item>();
  readonly #foreign = new Level<Item>();
  readonly #like = new Level<never>();
  readonly #hdf5 = new Level<never>();
  /** What is none of these. */
  readonly #others = new Names();
  readonly #unzipped = new Set<string>();

  /** @param prefix without a slash at its end */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** @param item what stands for the object where it is a partition */
  see(object: ListedObject, item: Item): void {
    const { key } = object;
    const name = this.#below(key);
    if (isHidden(name)) return;
    const isDirect = !name.includes('/');
    const folder = LIKE_A_PARTITION_FOLDER.exec(name)?.[0];
    if (folder !== undefined) this.#unzipped.add(folder);
    if (hasEnding(key, PARTITION)) this.#torch.add(name, isDirect, object, item);
    else if (LIKE_A_PARTITION.test(key)) this.#like.add(name, isDirect);
    else if (HDF5.test(key)) this.#hdf5.add(name, isDirect);
    else this.#others.add(name);
    if (isDirect && OTHER_FORMATS.test(key)) this.#foreign.add(name, isDirect, object, item);
  }

  find(leftOut: readonly LeftOut[] = []): FoundPartitions<Item> {
    const isTorch = this.#torch.all.count > 0;
    const level = isTorch ? this.#torch : this.#foreign;
    const hasDirect = level.direct.count > 0;
    const { items: partitions, empty, linked } = level.read(hasDirect);
    const seen = ({ direct, all }: Level<unknown>) => (hasDirect ? direct : all);
    const isTold = (key: string) =>
      !isHidden(key) &&
      !(hasDirect && key.includes('/')) &&
      // A file's name with another ending is that of something else.
      (LIKE_A_PARTITION.test(key) || !/\.[^/]*$/.test(key));
    const told = leftOut.map(({ key, why }) => ({ name: this.#below(key), why })).filter(({ name }) => isTold(name));
    const leftOutBy = groupBy(told, ({ why }) => why);
    const kinds: (readonly [problem: string, what: string, names: Names])[] = [
      [
        'partitions right in the folder hide those further down, which are not read',
        'file',
        hasDirect ? level.deeper : new Names(),
      ],
      ['only names that end in .pt are partitions, so these are not read', 'file', seen(this.#like)],
      ['ranks read no HDF5, make partitions of it with cosmicai convert', 'file', seen(this.#hdf5)],
      [
        'where there are .pt files, those of other formats are not read',
        'file',
        isTorch ? this.#foreign.all : new Names(),
      ],
      ['links to files that are read already are not read', 'file', linked],
      ['folders named like partitions are read as folders', 'folder', Names.of(this.#unzipped)],
      ['empty partition files will fail', 'file', empty],
      ...[...leftOutBy].map(
        ([why, entries]) => [`not read, being ${why}`, 'entry', Names.of(entries.map(({ name }) => name))] as const,
      ),
      ['other files are not partitions', 'file', partitions.length > 0 ? new Names() : this.#others],
    ];
    const warnings = kinds.flatMap(([problem, what, names]) =>
      names.count === 0 ? [] : [`${problem}: ${counted(names.count, what)}, ${names.told()}`],
    );
    return { partitions, warnings };
  }

  #below(key: string): string {
    return key.slice(this.#prefix === '' ? 0 : this.#prefix.length + 1);
  }
}

function isHidden(name: string): boolean {
  return name.startsWith('.') || name.includes('/.');
}

/** Names to be told, of which the first few are known and the others counted. */
class Names {
  readonly #first: string[] = [];
  #count = 0;

  static of(names: Iterable<string>): Names {
    const all = new Names();
    for (const name of names) all.add(name);
    return all;
  }

  get count(): number {
    return this.#count;
  }

  add(name: string): void {
    if (this.#count++ < NAMES_SHOWN) this.#first.push(name);
  }

  told(): string {
    const more = this.#count - NAMES_SHOWN;
    return `${this.#first.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  }
}

/** Files of one kind, right in the folder and further down. */
class Level<Item> {
  readonly all = new Names();
  readonly direct = new Names();
  readonly deeper = new Names();
  readonly #filesHere = new Files<Item>();
  readonly #filesBelow = new Files<Item>();

  add(name: string, isDirect: boolean, object?: ListedObject, item?: Item): void {
    this.all.add(name);
    (isDirect ? this.direct : this.deeper).add(name);
    if (object !== undefined && item !== undefined)
      (isDirect ? this.#filesHere : this.#filesBelow).add(name, object, item);
  }

  /** The files to be read: those right in the folder, or all. */
  read(direct: boolean): ReturnType<Files<Item>['read']> {
    return (direct ? this.#filesHere : this.#filesBelow).read();
  }
}

/** Files, of which several may be links to one. */
class Files<Item> {
  readonly #items: Item[] = [];
  readonly #empty = new Map<Item, string>();
  /** By identity the one that is read. */
  readonly #chosen = new Map<string, { readonly name: string; readonly item: Item; readonly linked: boolean }>();
  readonly #passedOver = new Map<Item, string>();

  add(name: string, { size, identity, linked = false }: ListedObject, item: Item): void {
    this.#items.push(item);
    if (size === 0) this.#empty.set(item, name);
    if (identity === undefined) return;
    const other = this.#chosen.get(identity);
    // Of keys that lead to the same file, the one without a link, else the first.
    const isChosen = other === undefined || (other.linked && !linked);
    if (other !== undefined) this.#passedOver.set(isChosen ? other.item : item, isChosen ? other.name : name);
    if (isChosen) this.#chosen.set(identity, { name, item, linked });
  }

  read(): { readonly items: readonly Item[]; readonly empty: Names; readonly linked: Names } {
    const passedOver = this.#passedOver;
    const isRead = (item: Item) => !passedOver.has(item);
    return {
      items: passedOver.size === 0 ? this.#items : this.#items.filter(isRead),
      empty: Names.of([...this.#empty].filter(([item]) => isRead(item)).map(([, name]) => name)),
      linked: Names.of(
        passedOver.size === 0
          ? []
          : this.#items.flatMap((item) => {
              const name = passedOver.get(item);
              return name === undefined ? [] : [name];
            }),
      ),
    };
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
