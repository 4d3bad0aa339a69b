import { parseJsonAs, proofFileSchema, UserInputError, type ProofFile, type RunLayout } from '@cosmicai/payload';
import { listAll, NotFoundError, type ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';
import { differenceFromHash } from '../plan/difference-from-hash.ts';
import { isSealed } from '../proof/seal.ts';
import type { Finding } from './findings.ts';

const CONCURRENT_READS = 16;

export interface FolderVerification {
  readonly findings: readonly Finding[];
  /** Undefined where it is damaged or was never written. */
  readonly proof: ProofFile | undefined;
  /** Objects whose bytes were compared. */
  readonly compared: number;
}

/** Compares what `proof.json` lists with what lies in the run's folder: plan, results, combined data, summary, the Map's lists. */
export async function verifyFolder(store: ObjectStore, layout: RunLayout): Promise<FolderVerification> {
  const { proof, findings } = await readProof(store, layout);
  if (proof === undefined) return { proof, findings, compared: 0 };
  const compared = await pMap(
    proof.objects,
    async ({ key, sha256 }) => {
      const whole = `${layout.folder}/${key}`;
      const problem = await differenceFromHash(store, whole, sha256);
      return problem === undefined ? [] : [{ what: whole, problem, mend: mendOf(whole, layout) } as const];
    },
    { concurrency: CONCURRENT_READS },
  );
  const known = new Set(proof.objects.map(({ key }) => `${layout.folder}/${key}`));
  return {
    proof,
    findings: [...compared.flat(), ...(await strangers(store, layout, known))],
    compared: proof.objects.length + 1,
  };
}

function mendOf(key: string, layout: RunLayout): Finding['mend'] {
  return [layout.run, layout.manifest, layout.items].includes(key) ? 'replan' : 'resume';
}

async function readProof(
  store: ObjectStore,
  { proof: key }: RunLayout,
): Promise<{ proof?: ProofFile; findings: readonly Finding[] }> {
  const found = (problem: string) => ({ findings: [{ what: key, problem, mend: 'resume' } as const] });
  let text: string;
  try {
    text = (await store.get(key)).toString();
  } catch (error) {
    if (error instanceof NotFoundError)
      return found('is missing: the run was not summarized, or by an earlier version');
    throw error;
  }
  if (!isSealed(text)) return found('is not what was written: its seal is broken');
  try {
    return { proof: parseJsonAs(proofFileSchema, text, key), findings: [] };
  } catch (error) {
    if (error instanceof UserInputError) return found(error.message);
    throw error;
  }
}

/** Results and predictions that no rank of the run left: who reads the folder as a data set would count them. */
async function strangers(store: ObjectStore, layout: RunLayout, known: ReadonlySet<string>): Promise<Finding[]> {
  const { objects } = await listAll(store, `${layout.folder}/`);
  const rankOf = (key: string) =>
    /^(?:predictions\/(\d+)\.parquet|(\d+)\.json)$/.exec(key.slice(layout.folder.length + 1));
  return objects.flatMap(({ key }) => {
    const inPredictions = key.startsWith(`${layout.predictions}/`);
    const found = rankOf(key);
    if (!inPredictions && found === null) return [];
    const rank = found?.[1] ?? found?.[2];
    if (rank !== undefined && known.has(layout.rankResult(Number(rank)))) return [];
    return [{ what: key, problem: 'belongs to no rank of the run', mend: 'remove' } as const];
  });
}
