import { decodePredictions } from '@cosmicai/inference';
import { InvalidInputError, PlanChangedError, type RankResult, type RankTask, type RunRecord } from '@cosmicai/payload';
import { NotFoundError, type ObjectStore } from '@cosmicai/store';
import { layoutOf, openPlace, type RunPlace } from '../place/run-place.ts';
import { checkReferences, readPlan } from '../plan/read-plan.ts';
import { provenRank, proveRun } from '../proof/prove-run.ts';
import { hashFilesOf } from '../plan/read-rank.ts';
import { ranksInStore } from '../resume/whole-ranks.ts';
import type { Finding } from './findings.ts';
import { unplannedPartitions } from './unplanned.ts';
import { verifyFolder, type FolderVerification } from './verify-folder.ts';
import { verifyInputs } from './verify-inputs.ts';
import { verifyPublished } from './verify-published.ts';

export interface VerifyOptions {
  readonly place: RunPlace;
  /** The bucket of a task's partitions, asked as the payload says. */
  readonly openData: (task: RankTask, record: RunRecord) => ObjectStore;
  /** SHA-256 of the run's model as it is now; undefined where it can't be reached. */
  readonly modelSha256: (record: RunRecord) => Promise<string | undefined>;
  readonly onProgress?: (filesRead: number, files: number) => void;
}

export interface Verification {
  readonly run_id: string;
  /** As `proof.json` has it, from what lies there now. */
  readonly statement: string;
  readonly findings: readonly Finding[];
  /** What isn't wrong, but worth knowing. */
  readonly notes: readonly string[];
  /** Files whose bytes were read and compared. */
  readonly compared: { readonly inputs: number; readonly outputs: number };
}

/**
 * Reads all that a run read and wrote, and says what is no longer as it was.
 *
 * @throws NotFoundError when there is no such run
 */
export async function verifyRun(options: VerifyOptions): Promise<Verification> {
  const { place, openData, onProgress } = options;
  const store = openPlace(place);
  const layout = layoutOf(place);
  const folder = await verifyFolder(store, layout);
  const plan = await readPlan(store, place).catch((error: unknown): Finding => {
    if (error instanceof InvalidInputError) return damagedPlan(error);
    if (error instanceof PlanChangedError) return changedPlan(error);
    // Of a run whose record is there, or its proof, it is known that it had a plan.
    if (error instanceof NotFoundError && (error.key === layout.manifest || folder.proof !== undefined))
      return { what: error.key, problem: 'is gone', mend: 'replan' };
    throw error;
  });
  if ('mend' in plan) return withoutPlan(place.runId, plan, folder);
  const { record, manifest } = plan;
  const references = await checkReferences(store, layout, record).then(
    () => [],
    (error: unknown) => {
      if (error instanceof PlanChangedError) return [changedPlan(error)];
      throw error;
    },
  );
  const { whole, missing } = await ranksInStore(store, manifest);
  const ranks = [...missing].map(([rank, { file, cause }]): Finding => ({
    what: file ?? layout.rankResult(rank),
    problem: `leaves rank ${rank} without a whole result: ${cause}`,
    mend: 'resume',
    rank,
  }));
  const published = await verifyPublished(store, place, whole);
  const files = [...whole.values()].reduce((sum, { partitions }) => sum + partitions.length, 0);
  let read = 0;
  const inputs = await verifyInputs(
    manifest,
    whole,
    (task) => openData(task, record),
    () => onProgress?.(++read, files),
    async (rank) => decodePredictions(await store.get(layout.rankPredictions(rank))),
  );
  const [first] = manifest;
  const unplanned =
    first === undefined
      ? { findings: [], notes: [] }
      : await unplannedPartitions(record, manifest, () => openData(first, record));
  const proof = proveRun({ manifest, results: [...whole.values()].map(provenRank), changedFiles: missing.size });
  const model = verifyModel(await options.modelSha256(record), proof.models);
  return {
    run_id: place.runId,
    statement: proof.statement,
    findings: [
      ...proof.problems.map((problem): Finding => ({
        what: layout.folder,
        problem: `is not whole: ${problem}`,
        mend: 'resume',
      })),
      ...eachOnce([...references, ...ranks, ...folder.findings]),
      ...published.findings,
      ...inputs.findings,
      ...unplanned.findings,
      ...model.findings,
    ],
    notes: [
      ...folder.notes,
      ...published.notes,
      ...unreadableNotes(inputs.unreadable),
      ...unplanned.notes,
      ...model.notes,
    ],
    compared: {
      inputs: files + (model.notes.length === 0 ? 1 : 0),
      outputs: folder.compared + filesBeside([...whole.values()]) + published.compared,
    },
  };
}

function unreadableNotes(cutouts: readonly string[]): string[] {
  if (cutouts.length === 0) return [];
  const [what, their] = cutouts.length === 1 ? ['cutout', 'its galaxy was'] : ['cutouts', 'their galaxies were'];
  const more = cutouts.length > NAMED ? ` and ${cutouts.length - NAMED} more` : '';
  return [
    `${cutouts.length} ${what} can’t be read (${cutouts.slice(0, NAMED).join(', ')}${more}), as the run could not either: ${their} flagged then.`,
  ];
}

/** Cutouts named in a note. */
const NAMED = 10;

/** Predictions, and what lies beside them for Summarize. */
function filesBeside(results: readonly RankResult[]): number {
  const beside = (result: RankResult) => hashFilesOf(result).length + (result.reduction_file === undefined ? 0 : 1);
  return results.reduce((sum, result) => sum + 1 + beside(result), 0);
}

function changedPlan({ file, problem }: PlanChangedError): Finding {
  return { what: file, problem, mend: 'replan' };
}

function damagedPlan({ what, message }: InvalidInputError): Finding {
  return { what, problem: `can't be read: ${message}`, mend: 'replan' };
}

/** Without a plan nobody can say what the rest should be. */
function withoutPlan(runId: string, finding: Finding, folder: FolderVerification): Verification {
  return {
    run_id: runId,
    statement: 'nothing can be said of its galaxies, as its plan is damaged or gone',
    findings: eachOnce([...folder.findings, finding]),
    notes: [],
    compared: { inputs: 0, outputs: folder.compared },
  };
}

/** The first that is said of a file is enough. */
function eachOnce(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.toReversed().map((finding) => [finding.what, finding])).values()].toReversed();
}

function verifyModel(now: string | undefined, models: readonly string[]): { findings: Finding[]; notes: string[] } {
  const [predicted] = models;
  if (predicted === undefined) return { findings: [], notes: [] };
  if (now === undefined)
    return {
      findings: [],
      notes: [`The model was not compared, as it isn't known where it lies; SHA-256 ${predicted} predicted.`],
    };
  if (models.includes(now)) return { findings: [], notes: [] };
  return {
    findings: [
      {
        what: 'The model',
        problem: `is not the one that predicted: its SHA-256 is ${now}, that of the run ${predicted}`,
        mend: 'restore',
      },
    ],
    notes: [],
  };
}
