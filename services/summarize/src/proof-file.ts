import { type ProofFile, type RunLayout, type RunProof } from '@cosmicai/payload';
import { hashObject, listAll, sealedText, sha256Of, type ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';

export interface ProofFileInputs {
  readonly runId: string;
  readonly proof: RunProof;
  /** What is known of the ranks' results, and of what was just written. */
  readonly known: readonly KnownObject[];
}

type Listed = ProofFile['objects'][number];

/** An object with its whole key. */
export type KnownObject = Listed;

/** @param content of the object, all of it */
export function knownObject(key: string, content: string | Uint8Array): KnownObject {
  return { key, size: Buffer.byteLength(content), sha256: sha256Of(content) };
}

const CONCURRENT_READS = 32;

/** Composes `proof.json`: the plan, the Map's lists and what ranks computed together are read once more, the rest is known. */
export async function proofText(store: ObjectStore, layout: RunLayout, inputs: ProofFileInputs): Promise<string> {
  const relative = (key: string) => key.slice(layout.folder.length + 1);
  const { objects: ofTheMap } = await listAll(store, `${layout.map}/`);
  const others = [...(await objectsAt(store, [layout.run, layout.manifest, layout.items, layout.fmi])), ...ofTheMap];
  const read = await pMap(
    others,
    async ({ key, size }): Promise<Listed> => ({ key: relative(key), size, sha256: await hashObject(store, key) }),
    { concurrency: CONCURRENT_READS },
  );
  const file: Omit<ProofFile, 'seal' | 'format'> = {
    run_id: inputs.runId,
    proof: inputs.proof,
    objects: [...read, ...inputs.known.map(({ key, size, sha256 }) => ({ key: relative(key), size, sha256 }))],
  };
  return sealedText(file);
}

/** Those that are there: not all ranks meet. */
async function objectsAt(store: ObjectStore, keys: readonly string[]) {
  return (await Promise.all(keys.map((key) => store.head(key)))).flatMap((found) =>
    found === undefined ? [] : [found],
  );
}
