import { hashObject, NotFoundError, type ObjectStore } from '@cosmicai/store';

/** @returns what is wrong with an object that should have a SHA-256 */
export async function differenceFromHash(store: ObjectStore, key: string, sha256: string): Promise<string | undefined> {
  try {
    return (await hashObject(store, key)) === sha256 ? undefined : 'is not what was written: its SHA-256 is another';
  } catch (error) {
    if (error instanceof NotFoundError) return 'is gone';
    throw error;
  }
}
