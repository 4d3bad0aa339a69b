import { EXECUTION_FILE, type ProofFile, type RunLayout } from '@cosmicai/payload';
import { listAll, type ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';
import { differenceFromHash } from '../plan/difference-from-hash.ts';
import { readProof } from '../proof/read-proof.ts';
import type { Finding } from './findings.ts';

const CONCURRENT_READS = 16;

export interface FolderVerification {
  readonly findings: readonly Finding[];
  /** What else lies there. */
  readonly notes: readonly string[];
  /** Undefined where it is damaged or was never written. */
  readonly proof: ProofFile | undefined;
  /** Objects whose bytes were compared. */
  readonly compared: number;
}

/** Compares what `proof.json` lists with what lies in the run's folder: plan, results, combined data, summary, the Map's lists. */
export async function verifyFolder(store: ObjectStore, layout: RunLayout): Promise<FolderVerification> {
  const read = await readProof(store, layout);
  const { proof } = read;
  if (proof === undefined)
    return { proof, findings: [{ what: layout.proof, problem: read.problem, mend: 'resume' }], notes: [], compared: 0 };
  const changed = await changedSinceProof(store, layout, proof);
  const others = await strangers(store, layout, proof);
  return {
    proof,
    findings: [...changed, ...others.findings],
    notes: others.notes,
    compared: proof.objects.length + 1,
  };
}

/** What of a run's plan, results and summary is no longer what `proof.json` lists, which has no predictions and none of what lies beside them. */
export async function changedSinceProof(
  store: ObjectStore,
  layout: RunLayout,
  { objects }: Pick<ProofFile, 'objects'>,
): Promise<Finding[]> {
  const compared = await pMap(
    objects,
    async ({ key, sha256 }) => {
      const whole = `${layout.folder}/${key}`;
      const problem = await differenceFromHash(store, whole, sha256);
      return problem === undefined ? [] : [{ what: whole, problem, mend: mendOf(whole, layout) } as const];
    },
    { concurrency: CONCURRENT_READS },
  );
  return compared.flat();
}

function mendOf(key: string, layout: RunLayout): Finding['mend'] {
  return [layout.run, layout.manifest, layout.items].includes(key) ? 'replan' : 'resume';
}

/** Written into a run's folder after its proof, by the command that ran it, for its reader. */
const BESIDE = ['proof.json', 'bill.json', 'report.html', 'quote.json', EXECUTION_FILE];

/** Names of the files that ranks leave. */
const OF_A_RANK = /^(?:predictions\/\d+\.parquet|(?:hashes|names)\/\d+\.u64|reductions\/\d+\.bin|\d+\.json)$/;
const FOLDERS_OF_RANKS = /^(?:predictions|hashes|names|reductions)\//;
const PIECE = /^pieces\/(\d+)\//;

/** Files that no rank of the run left: who reads the folder as a data set would count them. Others are told, and nothing reads them. */
async function strangers(
  store: ObjectStore,
  { folder, ...layout }: RunLayout,
  { objects: proven }: ProofFile,
): Promise<Pick<FolderVerification, 'findings' | 'notes'>> {
  const known = new Set(proven.map(({ key }) => key));
  const { objects } = await listAll(store, `${folder}/`);
  const findings: Finding[] = [];
  const unknown: string[] = [];
  const pieces = new Set<string>();
  for (const { key } of objects) {
    const name = key.slice(folder.length + 1);
    if (known.has(name) || BESIDE.includes(name) || key === layout.rendezvousKey) continue;
    const rank = OF_A_RANK.test(name) ? /\d+/.exec(name)?.[0] : undefined;
    if (rank !== undefined && known.has(`${Number(rank)}.json`)) continue;
    if (rank !== undefined || FOLDERS_OF_RANKS.test(name))
      findings.push({ what: key, problem: 'belongs to no rank of the run', mend: 'remove' });
    else if (PIECE.test(name)) pieces.add(PIECE.exec(name)?.[1] ?? '');
    else unknown.push(name);
  }
  return {
    findings,
    notes: [
      ...(pieces.size === 0
        ? []
        : [
            `What attempts of rank ${[...pieces].slice(0, NAMED).join(', ')}${pieces.size > NAMED ? ` and ${pieces.size - NAMED} others` : ''} kept lies in pieces/ still; nothing reads it once the rank is done.`,
          ]),
      ...(unknown.length === 0
        ? []
        : [
            `Not of the run, so not compared: ${unknown.slice(0, NAMED).join(', ')}${unknown.length > NAMED ? ` and ${unknown.length - NAMED} more` : ''}.`,
          ]),
    ],
  };
}

/** Ranks or files named in a note. */
const NAMED = 10;
