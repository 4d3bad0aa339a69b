import { MOST_RANK_MEMORY_MIB } from '@cosmicai/local';
import { readableAddress } from '@cosmicai/store';
import { layoutOf, type RunPlace } from '@cosmicai/runs';
import { shellWord, type RunReference } from '@cosmicai/payload';

/** What is asked of a scheduler: a task for each rank of a planned run. */
export interface ArrayJob {
  readonly place: Pick<RunPlace, 'bucket' | 'resultPath' | 'runId'>;
  readonly run: Pick<RunReference, 'world_size' | 'max_concurrency'>;
  /** Buckets that ranks read besides that of the results. */
  readonly dataBuckets: readonly string[];
  /** Absolute paths of the folders of a machine that ranks read and write; none where all lies in buckets. */
  readonly folders: readonly string[];
  /** How a rank is told of its model where the payload names none: `--model <file>`, `--precision <type>`, or nothing. */
  readonly modelArguments: readonly string[];
  /** Container image with the cosmicai command. */
  readonly image: string;
  readonly cpus: number;
  /** MiB of a task; of it a rank gets what `memoryOfRank` says. */
  readonly memory: number;
  /** Where bare bucket names lie. */
  readonly store?: string | undefined;
}

/** A file for people to look at and to hand to their scheduler. */
export interface GeneratedFile {
  readonly name: string;
  readonly text: string;
  readonly executable?: boolean;
}

/** Of a task's memory (MiB) the command itself and the system take this much. */
const OWN_MEMORY = 256;

/** How often a task is tried that ends by no fault of its own. */
export const ATTEMPTS = 6;

/** As much as `cosmicai rank` takes itself to have; of a larger task the rest is for the system's cache. */
export function memoryOfRank({ memory }: Pick<ArrayJob, 'memory'>): number {
  return Math.min(memory - OWN_MEMORY, MOST_RANK_MEMORY_MIB);
}

/** A part of the run that one array holds. */
export interface Part {
  /** Place of its first rank. */
  readonly offset: number;
  readonly tasks: number;
}

/** Schedulers limit the tasks of an array, so a large run is several. */
export function partsOf(ranks: number, most: number): Part[] {
  return Array.from({ length: Math.ceil(ranks / most) }, (_, part) => ({
    offset: part * most,
    tasks: Math.min(most, ranks - part * most),
  }));
}

/** A name that every scheduler takes, and no other run has. */
export function nameOf({ place: { runId } }: ArrayJob, part?: number): string {
  const name = `cosmicai-${runId.toLowerCase().replace(/[^a-z0-9-]+/g, '-')}`;
  return part === undefined ? name : `${name}-${part}`;
}

/** Address of the run's folder, as people know it. */
export function folderOf({ place }: ArrayJob): string {
  return readableAddress(place.bucket.includes('://') ? place.bucket : `s3://${place.bucket}`, layoutOf(place).folder);
}

/** Arguments of `cosmicai` that run a task. */
export function rankArguments(job: ArrayJob, { offset }: Part): string[] {
  return [
    'rank',
    ...['--manifest', `${folderOf(job)}/manifest.json`],
    ...(offset > 0 ? ['--offset', String(offset)] : []),
    ...['--memory', String(memoryOfRank(job))],
    ...job.modelArguments,
    ...(job.store === undefined ? [] : ['--store', job.store]),
  ];
}

/** A command as a shell takes it. */
export function commandLine(cosmicai: readonly string[]): string {
  return ['cosmicai', ...cosmicai].map(shellWord).join(' ');
}

/** Arguments of `cosmicai` that combine the ranks when they are done. */
export function summarizeArguments(job: ArrayJob): string[] {
  return ['summarize', folderOf(job), ...(job.store === undefined ? [] : ['--store', job.store])];
}
