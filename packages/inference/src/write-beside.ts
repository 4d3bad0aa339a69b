import { encodeReduction, type Reduction } from '@cosmicai/metrics';
import type { FileWithHead, RunLayout, WrittenFile } from '@cosmicai/payload';
import { HashedObject, sha256Of, type ObjectStore } from '@cosmicai/store';
import { encodeHashes, type ImageHashes } from './quality/image-hashes.ts';

interface Beside {
  readonly hashes: ImageHashes;
  /** Of the galaxies' names, ascending; none where they have none. */
  readonly names: BigUint64Array;
  readonly reduction: Reduction;
}

export interface WrittenBeside {
  readonly hashes: WrittenFile;
  readonly names?: WrittenFile;
  readonly reduction: FileWithHead;
}

/** Writes what only runs of ours have beside their predictions: what Summarize finds duplicates by, and what it takes in their place. */
export async function writeBeside(
  store: ObjectStore,
  layout: RunLayout,
  rank: number,
  { hashes, names, reduction }: Beside,
): Promise<WrittenBeside> {
  const { head, tail } = encodeReduction(reduction.kept());
  return {
    hashes: await write(store, layout.rankHashes(rank), [encodeHashes(hashes.sorted())]),
    ...(names.length > 0 && { names: await write(store, layout.rankNames(rank), [encodeHashes(names)]) }),
    reduction: {
      ...(await write(store, layout.rankReduction(rank), [head, ...tail])),
      head: { size: head.length, sha256: sha256Of(head) },
    },
  };
}

async function write(store: ObjectStore, key: string, parts: readonly Uint8Array[]): Promise<WrittenFile> {
  await using object = new HashedObject(store, key);
  for (const part of parts) await object.write(part);
  return await object.finish();
}
