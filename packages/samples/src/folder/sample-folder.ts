import { compareNaturally } from '@cosmicai/payload';
import { listAll, storeSource, type ByteSource, type ObjectInfo, type ObjectStore } from '@cosmicai/store';

/** A file of a folder, not opened. */
export interface FolderFile {
  /** Relative to the folder. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  open(): Promise<ByteSource>;
}

/** Files that lie together, in natural order: 2 before 10. */
export interface SampleFolder {
  readonly name: string;
  readonly files: readonly FolderFile[];
  /** The table of what is there, where it lies elsewhere or is one of several. */
  readonly table?: FolderFile;
}

/**
 * The files right in a folder or, when there are none, all below it; hidden ones count for nothing.
 *
 * @param prefix of the folder in the store, without a slash at its end; '' for all of it
 * @param name of the folder in messages
 */
export async function folderIn(store: ObjectStore, prefix: string, name: string): Promise<SampleFolder> {
  const { objects } = await listAll(store, prefix === '' ? '' : `${prefix}/`);
  return folderOf(store, objects, prefix, name);
}

/** The same of objects that have been listed. */
export function folderOf(
  store: ObjectStore,
  objects: readonly Pick<ObjectInfo, 'key' | 'size' | 'etag'>[],
  prefix: string,
  name: string,
): SampleFolder {
  const start = prefix === '' ? '' : `${prefix}/`;
  const all = objects
    .map((object) => ({ object, name: object.key.slice(start.length) }))
    .filter((file) => file.name !== '' && !file.name.split('/').some((part) => part.startsWith('.')));
  const direct = all.filter((file) => !file.name.includes('/'));
  const files = (direct.length > 0 ? direct : all).sort((a, b) => compareNaturally(a.name, b.name));
  return {
    name,
    files: files.map(({ object, name: file }) => ({
      name: file,
      size: object.size,
      open: () => storeSource(store, object.key, object),
    })),
  };
}

/** Names for people: the first ones, and how many more there are. */
export function someOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return `${names.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const MOST_NAMED = 5;
