import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import { isFmiPing, type InitializeAnswer } from '@cosmicai/payload';
import { openStore } from '@cosmicai/store';
import { traced } from '@cosmicai/trace';
import { openMeeting, type CheckRendezvousAnswer } from './check-rendezvous.ts';
import { initialize } from './initialize.ts';
import { countNotStarted } from './not-started.ts';
import { openPing, type OpenPingAnswer } from './open-ping.ts';
import { RendezvousNotStartedError } from './reach-server.ts';
import { rendezvousSecret } from './rendezvous-secret.ts';
import { runId } from './run-id.ts';
import { stageServer } from './stage-server.ts';

const logger = new Logger({ serviceName: 'init' });

/** Plans a run. Input: a run payload in any of the shapes of docs/payload.md. */
export async function init(payload: unknown): Promise<InitializeAnswer> {
  const answer = await traced('plan', async (annotate) => {
    const planned = await initialize(payload, {
      openStore,
      now: () => new Date(),
      newRunId: (now) => runId(now, randomUUID()),
    });
    annotate({ run_id: planned.run.run_id });
    return planned;
  });
  const { run_id, world_size, ranks_with_data, fmi_enabled } = answer.run;
  logger.info('run planned', { run_id, world_size, ranks_with_data, fmi_enabled, warnings: answer.warnings });
  return answer;
}

/** Opens the meeting of a run's ranks at the rendezvous server. Input: the answer of `init`, or a ping. */
export async function initFmi(input: unknown): Promise<CheckRendezvousAnswer | OpenPingAnswer> {
  const environment = {
    openStore,
    secret: () => rendezvousSecret(process.env),
    server: stageServer(process.env),
    clock: {
      now: () => performance.now(),
      today: () => new Date(),
      sleep: (milliseconds: number) => setTimeout(milliseconds),
    },
  };
  try {
    return await (isFmiPing(input) ? openPing(input, environment) : openMeeting(input, environment));
  } catch (error) {
    if (error instanceof RendezvousNotStartedError) countNotStarted(process.env);
    throw error;
  }
}
