import { randomUUID } from 'node:crypto';
import { deriveRunKey } from '@cosmicai/rendezvous';
import { itemAt, ranksOf, runLayout, type RunReference } from '@cosmicai/payload';
import { readItems, rewritePlan } from '@cosmicai/runs';
import type { ObjectStore } from '@cosmicai/store';
import type { Json, JsonObject } from '../definition/types.ts';
import type { ResumePoint } from '../run/resume.ts';
import { isObject, leadsTo, plannedIn } from './planned-input.ts';

export interface MeetAgainOptions {
  /** The state machine that goes on. */
  readonly definition: JsonObject;
  /** Where ranks meet now, `host:port`; undefined: where they were to meet before. */
  readonly endpoint: string | undefined;
  readonly secret: string;
  /** Ranks that can run at once. */
  readonly concurrency: number;
  readonly openStore: (bucket: string) => ObjectStore;
  /** Tells people what becomes of the meeting where it isn't that of the start. */
  readonly say: (line: string) => void;
}

/**
 * Plans the meeting of the ranks that a resumed run has left. The rendezvous server of the start may be gone, and ranks that
 * have finished won't come: the others meet without them, under a name of this attempt, or not at all when they can't all run
 * at once or when all have met before.
 *
 * @returns the input with which the run goes on
 */
export async function meetAgain(point: ResumePoint, options: MeetAgainOptions): Promise<Json> {
  const { input } = point;
  if (!isObject(input) || !leadsTo(options.definition, point.state, ({ Type }) => Type === 'Map')) return input;
  const planned = plannedIn(input);
  // Nothing is planned yet: Initialize will plan the meeting.
  if (planned === undefined) return 'fmi_enabled' in input ? moved(input, options.endpoint) : input;

  const { run } = planned;
  if (!run.fmi_enabled) return input;
  const store = options.openStore(run.bucket);
  const items = await planItems(point, run, store, options);
  return planned.with({ items, endpoint: options.endpoint });
}

function moved(payload: JsonObject, endpoint: string | undefined): JsonObject {
  return endpoint === undefined ? payload : { ...payload, rendezvous_endpoint: endpoint };
}

/** Writes the manifest anew, and the key with which its ranks meet. Items of ranks that have finished stay as they are. */
async function planItems(
  { finished }: ResumePoint,
  run: RunReference,
  store: ObjectStore,
  { endpoint, secret, concurrency, say }: MeetAgainOptions,
): Promise<JsonObject[]> {
  const layout = runLayout(run.result_path, run.run_id);
  const { items, manifest: tasks } = await readItems(store, run.manifest_key);
  const done = new Set(
    [...finished.values()].flatMap((children) => [...children.values()].flatMap(({ input }) => ranksOf(input))),
  );
  const meeting = tasks.filter((task) => task.FMI_RANK !== undefined).map((task) => task.RANK);
  const left = meeting.filter((rank) => !done.has(rank));
  const metBefore = (await store.head(layout.fmi)) !== undefined;
  const why = whyNot(left, meeting, metBefore, concurrency);
  if (why !== undefined) say(why);
  else if (left.length > 0 && left.length < meeting.length) {
    const absent = meeting.filter((rank) => done.has(rank));
    say(`The ranks that are left meet without those that had finished: ${absent.join(', ')}.`);
  }
  const group = `resumed-${randomUUID()}`;
  const renewed = items.map((item, at) => {
    const place = left.indexOf(itemAt(tasks, at).RANK);
    if (place < 0) return item;
    if (why !== undefined) return { ...item, FMI_ENABLED: false };
    return {
      ...item,
      FMI_ENABLED: true,
      FMI_WORLD_SIZE: left.length,
      FMI_RANK: place,
      FMI_GROUP: group,
      ...(endpoint !== undefined && { RENDEZVOUS_ENDPOINT: endpoint }),
    };
  });
  await rewritePlan(store, { ...layout, manifest: run.manifest_key, items: run.items_key ?? layout.items }, renewed);
  await store.put(layout.rendezvousKey, deriveRunKey(secret, run.run_id).toString('hex'), { secret: true });
  return renewed;
}

function whyNot(
  left: readonly number[],
  meeting: readonly number[],
  metBefore: boolean,
  concurrency: number,
): string | undefined {
  if (metBefore) return 'All ranks have met before, see fmi.json: those that are left don’t meet again.';
  if (left.length <= concurrency) return undefined;
  return `The ${left.length} ranks that are left of ${meeting.length} don’t meet: all would have to run at once, but only ${concurrency} can.`;
}
