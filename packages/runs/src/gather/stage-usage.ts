import { fargateUsage, partitionTransfer, UNTOLD_RENDEZVOUS_SIZE, type RunUsage } from '@cosmicai/metrics';
import type { ExecutionRecord, RankResult, RunEvent, RunRecord } from '@cosmicai/payload';
import { bucketOf } from '@cosmicai/quote';

/** What is known of a run on AWS and of its stage. */
export interface StageSources {
  readonly execution: Pick<ExecutionRecord, 'events' | 'functions' | 'region' | 'rendezvous'>;
  readonly run: Pick<RunRecord['run'], 'bucket' | 'fmi_enabled' | 'max_concurrency' | 'world_size'>;
  /** Where the partitions lie; default: in the run's own bucket, which is of its region. */
  readonly dataBucket?: string | undefined;
  readonly results: readonly Pick<RankResult, 'partitions'>[];
}

export interface StageUsage {
  readonly usage: Pick<RunUsage, 'fargate' | 'provisionedConcurrency' | 'dataTransfer'>;
  /** Functions all of whose invocations ran in environments that were kept ready. */
  readonly provisioned: ReadonlySet<string>;
  /** What the bill assumes and leaves out, a sentence each. */
  readonly notes: readonly string[];
}

const NOTHING: StageUsage = { usage: {}, provisioned: new Set(), notes: [] };

/**
 * What a stage was charged for while an execution went on, beside what the execution itself used: its rendezvous server where
 * ranks met, and environments kept ready. With the bytes that its ranks read. Nothing for runs on this machine.
 */
export function stageUsageOf({ execution, run, dataBucket = run.bucket, results }: StageSources): StageUsage {
  const { events, functions = {}, region } = execution;
  if (region === undefined) return NOTHING;
  const seconds = secondsOf(events);
  const elsewhere = bucketOf(dataBucket) !== bucketOf(run.bucket);
  const bytes = results.reduce((sum, { partitions }) => sum + partitions.reduce((all, { size }) => all + size, 0), 0);
  const meeting = meetingUsage(execution, run.fmi_enabled, seconds);
  const [kept] = Object.entries(functions).flatMap(([name, { architecture, provisioned }]) =>
    provisioned === undefined ? [] : [{ name, architecture, ...provisioned }],
  );
  const atOnce = Math.min(run.max_concurrency, run.world_size);
  const spills = kept !== undefined && atOnce > kept.environments;
  return {
    usage: {
      ...meeting.usage,
      ...(kept !== undefined && {
        provisionedConcurrency: {
          architecture: kept.architecture,
          memoryMb: kept.memoryMb,
          environments: kept.environments,
          seconds,
        },
      }),
      ...(!elsewhere && { dataTransfer: partitionTransfer(bytes) }),
    },
    provisioned: new Set(kept === undefined || spills ? [] : [kept.name]),
    notes: [
      ...meeting.notes,
      ...(elsewhere ? [inAnotherBucket(dataBucket)] : []),
      ...(spills ? [spilled(atOnce, kept.environments)] : []),
    ],
  };
}

/** Of the server's time and of what goes between ranks. Ranks that somebody's machine called again meet nobody. */
function meetingUsage(
  { events, rendezvous }: StageSources['execution'],
  met: boolean,
  seconds: number,
): Pick<StageUsage, 'usage' | 'notes'> {
  if (!met || !events.some(({ type }) => type === 'RunStarted')) return { usage: {}, notes: [] };
  if (rendezvous === null) return { usage: {}, notes: [ANOTHER_SERVER, BETWEEN_ZONES] };
  const started = rendezvous?.idleMinutes === undefined ? -1 : events.findIndex(startsServer);
  return {
    usage: {
      fargate: fargateUsage(
        rendezvous ?? UNTOLD_RENDEZVOUS_SIZE,
        started < 0 ? seconds : secondsOf(events.slice(started)),
      ),
    },
    notes: [
      ...(rendezvous === undefined ? [SIZE_ASSUMED] : []),
      ...(rendezvous?.idleMinutes === undefined ? [] : [countedAlone(rendezvous.idleMinutes)]),
      BETWEEN_ZONES,
    ],
  };
}

/** The state is named so in every version of the workflow. */
function startsServer({ type, ...event }: RunEvent): boolean {
  return type === 'StateEntered' && 'state' in event && event.state === 'CheckRendezvous';
}

function countedAlone(minutes: number): string {
  return `The rendezvous server is counted from CheckRendezvous to the end of the run and for the ${minutes} minutes that it then waits; runs within that time share it, and each is counted as if it were alone.`;
}

const { vcpus, memoryMb } = UNTOLD_RENDEZVOUS_SIZE;
const SIZE_ASSUMED = `The size of the rendezvous server was not noted: it is taken as what was the default, ${vcpus} vCPU and ${memoryMb} MB.`;
const ANOTHER_SERVER =
  'The ranks met at a server that is not of the stage: what it costs is not known here and not in the cost.';
const BETWEEN_ZONES =
  'How much the ranks sent each other over FMI from one availability zone to another is not known: transfer between zones, which AWS may charge, is not in the cost.';

function inAnotherBucket(bucket: string): string {
  return `Whether ${bucket} is of the run's region is not known: if it is not, the transfer of the data is charged, and is not in the cost.`;
}

function spilled(atOnce: number, environments: number): string {
  return `Up to ${atOnce} ranks ran at once, of which ${environments} in environments kept ready. Which did is not known: all durations are taken at the price of the others, which is higher.`;
}

/** From the first event to the last. */
function secondsOf(events: readonly RunEvent[]): number {
  let first = Infinity;
  let last = -Infinity;
  for (const { time } of events) {
    const at = Date.parse(time);
    first = Math.min(first, at);
    last = Math.max(last, at);
  }
  return last > first ? (last - first) / 1000 : 0;
}
