import { architectureOf, expressGbSeconds, type LambdaUsage, type RunUsage } from '@cosmicai/metrics';
import { type FunctionSize, groupBy, itemAt, type RankResult, type RunEvent } from '@cosmicai/payload';
import { mapsOf, type DistributedMap } from './maps-of-definition.ts';

/** What is known of an execution beside its events. */
export interface UsageSources {
  /** By the functions' names; those that aren't named ran on this machine. */
  readonly sizes?: Readonly<Record<string, FunctionSize>>;
  /** The state machine. */
  readonly definition?: unknown;
  /** Results of ranks that no REPORT line tells of: billed by the times that they took themselves. */
  readonly unreported?: readonly RankResult[];
  /** Functions whose invocations all ran in environments that were kept ready. */
  readonly provisioned?: ReadonlySet<string>;
}

/** Lambda gives every function 512 MB of disk for nothing; local functions have no other. */
const EPHEMERAL_STORAGE_MB = 512;

/**
 * What an execution is charged for on AWS, or would have been: the REPORT lines of its functions; a state transition for every state
 * entered or tried again, in the run itself and in its Maps' Standard children; a request and its duration for each Express
 * child.
 */
export function usageOf(
  events: readonly RunEvent[],
  { sizes = {}, definition, unreported = [], provisioned = new Set() }: UsageSources = {},
): RunUsage {
  const maps = mapsOf(definition);
  const isExpress = (state: string) => maps.get(state)?.childType === 'EXPRESS';
  const children = childrenOf(events);
  const express = [...children].filter(([state]) => isExpress(state)).map(([, each]) => each);
  const lambda = [
    ...reportedLambda(events, sizes, provisioned),
    ...unreportedLambda(unreported, maps, sizes, provisioned),
  ];
  // Ranks that somebody's machine called again went through no state machine.
  if (!events.some(({ type }) => type === 'RunStarted')) return { lambda };
  return {
    lambda,
    stepFunctions: {
      standardTransitions: transitionsOf(events, children, isExpress),
      expressRequests: express.reduce((sum, each) => sum + begunOf(each), 0),
      expressGbSeconds: expressGbSeconds(express.flatMap(({ seconds }) => seconds)),
    },
  };
}

function reportedLambda(
  events: readonly RunEvent[],
  sizes: Readonly<Record<string, FunctionSize>>,
  provisioned: ReadonlySet<string>,
): LambdaUsage[] {
  const lambda = new Map<string, LambdaUsage>();
  for (const event of events) {
    if (event.type !== 'FunctionEnded') continue;
    const { functionName: name, memorySizeMb: memoryMb, billedDurationMs } = event.report;
    const used = lambda.get(name);
    lambda.set(name, {
      name,
      architecture: sizes[name]?.architecture ?? architectureOf(process.arch) ?? 'x86_64',
      memoryMb,
      ephemeralStorageMb: sizes[name]?.ephemeralStorageMb ?? EPHEMERAL_STORAGE_MB,
      requests: (used?.requests ?? 0) + 1,
      billedSeconds: (used?.billedSeconds ?? 0) + billedDurationMs / 1000,
      ...(provisioned.has(name) && { provisioned: true }),
    });
  }
  return [...lambda.values()];
}

/** The least that these ranks were billed for: cold starts and failed attempts are not in their results. */
function unreportedLambda(
  ranks: readonly RankResult[],
  maps: ReadonlyMap<string, DistributedMap>,
  sizes: Readonly<Record<string, FunctionSize>>,
  provisioned: ReadonlySet<string>,
): LambdaUsage[] {
  const [name = 'inference'] = [...maps.values()].flatMap(({ functions }) => functions);
  const byMemory = groupBy(ranks, ({ memory_limit_mb: memory }) => memory);
  return [...byMemory].flatMap(([memoryMb, alike]) =>
    memoryMb === null
      ? []
      : [
          {
            name: `${name}, by the ranks’ own times,`,
            architecture: sizes[name]?.architecture ?? architectureOf(itemAt(alike, 0).architecture) ?? 'x86_64',
            memoryMb,
            ephemeralStorageMb: sizes[name]?.ephemeralStorageMb ?? EPHEMERAL_STORAGE_MB,
            requests: alike.length,
            // Lambda bills whole milliseconds.
            billedSeconds: alike.reduce((sum, { timing }) => sum + Math.ceil(timing.total * 1000), 0) / 1000,
            ...(provisioned.has(name) && { provisioned: true }),
          },
        ],
  );
}

/** The children of one Map as events tell of them. */
interface Children {
  /** Their names, e.g. `Infer[3]`. */
  readonly begun: Set<string>;
  /** How long those took whose end is told. */
  readonly seconds: number[];
  /** How many the Map says it has; all that is known where nobody keeps lists of them. */
  counted: number;
}

function childrenOf(events: readonly RunEvent[]): ReadonlyMap<string, Children> {
  const maps = new Map<string, Children>();
  const startedAt = new Map<string, number>();
  const ofMap = (state: string) => {
    const children = maps.get(state) ?? { begun: new Set<string>(), seconds: [], counted: 0 };
    maps.set(state, children);
    return children;
  };
  for (const event of events) {
    switch (event.type) {
      case 'MapRunStarted':
        ofMap(event.state).counted = event.children;
        break;
      case 'ChildStarted':
        ofMap(event.state).begun.add(nameOfChild(event));
        startedAt.set(nameOfChild(event), Date.parse(event.time));
        break;
      case 'ChildSucceeded':
      case 'ChildFailed':
      case 'ChildAborted': {
        const start = startedAt.get(nameOfChild(event));
        if (start !== undefined) ofMap(event.state).seconds.push((Date.parse(event.time) - start) / 1000);
        break;
      }
      default:
    }
  }
  return maps;
}

function nameOfChild({ in: parent, state, index }: { in?: string; state: string; index: number }): string {
  return `${parent === undefined ? '' : `${parent}/`}${state}[${index}]`;
}

function begunOf({ begun, counted }: Children): number {
  return begun.size === 0 ? counted : begun.size;
}

function transitionsOf(
  events: readonly RunEvent[],
  children: ReadonlyMap<string, Children>,
  isExpress: (state: string) => boolean,
): number {
  const billed = events.filter(
    (event) => (event.type === 'StateEntered' || event.type === 'StateRetried') && !mapsAround(event).some(isExpress),
  );
  const seen = new Set(billed.map((event) => event.in));
  // A child without a history of its own entered its one task at least.
  const unseen = [...children]
    .filter(([state]) => !isExpress(state))
    .map(([, each]) => begunOf(each) - [...each.begun].filter((name) => seen.has(name)).length);
  return billed.length + unseen.reduce((sum, count) => sum + count, 0);
}

/** States of the Maps in whose children an event happened, from `A[0]/B[2]`. */
function mapsAround({ in: child }: RunEvent): string[] {
  return child === undefined ? [] : child.split('/').map((part) => part.replace(/\[\d+\]$/, ''));
}
