import { type ProofFile, type RunLayout, type RunProof } from '@cosmicai/payload';
import { sealedText, type RankLeft } from '@cosmicai/runs';
import { hashObject, listAll, sha256Of, type ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';

export interface ProofFileInputs {
  readonly runId: string;
  readonly proof: RunProof;
  readonly ranks: readonly Extract<RankLeft, { readonly text: string }>[];
  /** What was just written. */
  readonly combined: string;
  readonly summary: string;
}

type Listed = ProofFile['objects'][number];

const CONCURRENT_READS = 32;

/** Composes `proof.json`: the plan, the Map's lists and what ranks computed together are read once more, the rest is known. */
export async function proofText(store: ObjectStore, layout: RunLayout, inputs: ProofFileInputs): Promise<string> {
  const relative = (key: string) => key.slice(layout.folder.length + 1);
  const known = (key: string, text: string): Listed => ({
    key: relative(key),
    size: Buffer.byteLength(text),
    sha256: sha256Of(text),
  });
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
    objects: [
      ...read,
      ...inputs.ranks.map(({ result, text }) => known(layout.rankResult(result.rank), text)),
      known(layout.combined, inputs.combined),
      known(layout.summary, inputs.summary),
    ],
  };
  return sealedText(file);
}

/** Those that are there: not all ranks meet. */
async function objectsAt(store: ObjectStore, keys: readonly string[]) {
  return (await Promise.all(keys.map((key) => store.head(key)))).flatMap((found) =>
    found === undefined ? [] : [found],
  );
}
