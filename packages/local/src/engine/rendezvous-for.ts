import { randomBytes } from 'node:crypto';
import { NO_ENDPOINT, type EngineContext } from '@cosmicai/engine';
import { STAGE_SERVER, type RunPayload } from '@cosmicai/payload';
import { startRendezvous } from '@cosmicai/rendezvous';

/** A rendezvous server for one run on this machine. */
export interface LocalRendezvous {
  /** Where ranks connect, `host:port`; undefined: where the payload says. */
  readonly endpoint: string | undefined;
  /** What the server and Initialize derive the keys of runs from; undefined without a meeting. */
  readonly secret: string | undefined;
  /** Environment of the functions, which need the server's secret. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const NONE: LocalRendezvous = {
  endpoint: undefined,
  secret: undefined,
  environment: {},
  close: () => Promise.resolve(),
};
const HOST = '127.0.0.1';

/**
 * What the ranks of a local run meet through: the payload's own server where this machine knows its secret
 * (COSMICAI_RENDEZVOUS_SECRETS), else one started here for the run.
 */
export async function rendezvousFor(
  payload: Pick<RunPayload, 'fmi_enabled' | 'rendezvous_endpoint'>,
  { environment, say }: Pick<EngineContext, 'environment' | 'say'>,
): Promise<LocalRendezvous> {
  if (!payload.fmi_enabled) return NONE;
  const known = environment.COSMICAI_RENDEZVOUS_SECRETS;
  // The first one, as in Initialize.
  if (known !== undefined && payload.rendezvous_endpoint !== STAGE_SERVER)
    return { ...NONE, secret: known.trim().split(/\s+/)[0] };
  const secret = randomBytes(32).toString('hex');
  const server = await startRendezvous({ secrets: [secret], host: HOST, port: 0, healthPort: 0 });
  const endpoint = `${HOST}:${server.port}`;
  if (![undefined, NO_ENDPOINT, STAGE_SERVER].includes(payload.rendezvous_endpoint)) {
    say(
      `The ranks meet through a server on this machine, not ${payload.rendezvous_endpoint}: COSMICAI_RENDEZVOUS_SECRETS is not set.`,
    );
  }
  return { endpoint, secret, environment: { COSMICAI_RENDEZVOUS_SECRETS: secret }, close: () => server.close(0) };
}
