import { RendezvousRefusedError, RendezvousUnavailableError } from '@cosmicai/rendezvous';
import { RemoteError } from '@cosmicai/payload';
import type { ServerState, StageServer } from './stage-server.ts';

/** The stage's rendezvous server can't be had: it was to start, and didn't in time, or it is paused. */
export class RendezvousNotStartedError extends RemoteError {}

export interface WaitingClock {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  today(): Date;
  sleep(milliseconds: number): Promise<void>;
}

/** A start takes Fargate half a minute to a minute; the function and the state that wait for it have five. */
export const START_LIMIT_MS = 240_000;
const LOOK_EVERY_MS = 2_000;

/**
 * Finds the stage's server where it is now and lets it prove itself, after it was started where it is there for runs only. It may end by
 * itself at any moment until it has let the run in: so it is asked for again at each look.
 *
 * @param prove resolves when the server at `host:port` has let the run in: it then stays for it
 * @throws RendezvousNotStartedError; what `prove` throws when the server answers and refuses for good
 */
export async function reachServer<T>(
  server: StageServer,
  prove: (endpoint: string) => Promise<T>,
  clock: WaitingClock,
): Promise<T> {
  const since = clock.today();
  const until = clock.now() + START_LIMIT_MS;
  let isThere = false;
  for (;;) {
    const state = await server.look(since);
    if (state.wanted === 0) await startAgain(server);
    const found = state.endpoint === undefined ? NOT_THERE : await tried(prove, state.endpoint);
    if ('value' in found) return found.value;
    isThere ||= found.answered;
    if (clock.now() >= until) throw await givenUp(server, { isThere, reason: found.reason, news: state.news });
    await clock.sleep(LOOK_EVERY_MS);
  }
}

/** Why a try that may come right has not, and whether a server of ours has said so. */
interface NotYet {
  readonly reason: string;
  readonly answered: boolean;
}

const NOT_THERE: NotYet = { reason: 'no task runs', answered: false };

async function startAgain(server: StageServer): Promise<void> {
  if (server.onDemand) {
    await server.start();
    return;
  }
  const [cluster = '', service = ''] = server.service.split('/');
  throw new RendezvousNotStartedError(
    `The stage's rendezvous server is paused, and rendezvous.mode is always, so that no run starts it. Start it: aws ecs update-service --region ${server.region} --cluster ${cluster} --service ${service} --desired-count 1`,
  );
}

async function tried<T>(
  prove: (endpoint: string) => Promise<T>,
  endpoint: string,
): Promise<{ readonly value: T } | NotYet> {
  try {
    return { value: await prove(endpoint) };
  } catch (error) {
    if (error instanceof RendezvousUnavailableError) return { reason: error.message, answered: false };
    if (error instanceof RendezvousRefusedError && ['draining', 'limit', 'timeout'].includes(error.refusal))
      return { reason: error.message, answered: true };
    throw error;
  }
}

interface InVain extends Pick<ServerState, 'news'> {
  readonly reason: string;
  /** It has answered meanwhile, so others may be with it. */
  readonly isThere: boolean;
}

/** Who has waited in vain must not leave a server that starts, and is paid for, again and again. Others that wait, too, ask for it again. */
async function givenUp(server: StageServer, { reason, news, isThere }: InVain): Promise<Error> {
  const stopped = server.onDemand && !isThere;
  if (stopped) await server.stop();
  const sentences = [
    `The stage's rendezvous server couldn't be reached within ${START_LIMIT_MS / 1000} s (${reason.replace(/\.$/, '')}).`,
    ...(news === undefined ? [] : [`ECS says: ${news.replace(/\.$/, '')}.`]),
    ...(stopped ? ['It was not left starting.'] : []),
    `Look at the events of the ECS service ${server.service} and at the server's log, /${server.service.replace('-', '/')}; a network without a way to the image registry, or an image that is gone, are mended by deploying the stage again.`,
  ];
  return new RendezvousNotStartedError(sentences.join(' '));
}
