import { NotFoundError } from './errors.ts';
import type { ObjectStore } from './object-store.ts';

/** The object of a key; undefined where there is none. */
export async function getIfThere(store: ObjectStore, key: string): Promise<Buffer | undefined> {
  try {
    return await store.get(key);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
