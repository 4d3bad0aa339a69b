import { startRendezvous, type RendezvousServer } from '@cosmicai/rendezvous';
import { CosmicError, defined, visibleLines } from '@cosmicai/payload';
import { pino, type Logger } from 'pino';
import { stageMetrics } from './cloudwatch.ts';
import { endEcsService } from './ecs-service.ts';
import { idleTime } from './idle.ts';
import { prometheus } from './metrics.ts';
import { readSettings, usage, type Settings } from './settings.ts';

/** CloudWatch keeps metrics by the minute. */
const CLOUDWATCH_PERIOD_MS = 60_000;
const IDLE_LOOK_MS = 5_000;

async function serve(settings: Settings): Promise<void> {
  // Peers name their runs: JSON escapes what a terminal would obey only in part.
  const shown = { write: (line: string) => void process.stdout.write(visibleLines(line)) };
  const logger = pino({ name: 'rendezvous', level: settings['log-level'] }, shown);
  // The metrics read the server that is started with them; until it stands, nobody can ask.
  const running: { server?: RendezvousServer } = {};
  const metrics = prometheus(() => {
    if (running.server === undefined) throw new Error('The server was asked for its metrics before it stood.');
    return running.server.stats();
  });
  let signals = 0;
  const drain = () => void running.server?.close(settings['drain-seconds'] * 1_000);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // A second signal cuts the drain short.
      if (++signals > 1) process.exit(1);
      drain();
    });
  }
  const server = await startRendezvous({
    secrets: settings.secrets,
    port: settings.port,
    healthPort: settings['health-port'],
    allowV1: settings['allow-v1'],
    allowV2: !settings['refuse-v2'],
    ...(settings.host === undefined ? {} : { host: settings.host }),
    limits: defined({
      connections: settings['max-connections'],
      connectionsPerAddress: settings['max-per-address'],
      relays: settings['max-relays'],
    }),
    logger,
    metrics,
  });
  running.server = server;
  if (signals > 0) drain();
  const stage = process.env.COSMICAI_STAGE;
  if (stage !== undefined)
    setInterval(
      stageMetrics(stage, () => server.stats()),
      CLOUDWATCH_PERIOD_MS,
    ).unref();
  if (settings['idle-minutes'] > 0) endWhenIdle(server, settings, logger);
}

/** The server is closed before ECS hears of it: from then on nobody is let in whose run it would leave alone. */
function endWhenIdle(server: RendezvousServer, settings: Settings, logger: Logger): void {
  const limit = settings['idle-minutes'] * 60_000;
  const idle = idleTime(
    () => server.stats(),
    () => performance.now(),
  );
  const end = async () => {
    logger.info({ minutes: settings['idle-minutes'] }, 'nobody needed the server');
    await server.close(0);
    const service = settings['ecs-service'];
    if (service !== undefined) await endEcsService(service);
  };
  const look = setInterval(
    () => {
      if (idle() < limit) return;
      clearInterval(look);
      end().catch(tell);
    },
    Math.min(IDLE_LOOK_MS, limit / 4),
  ).unref();
}

function tell(error: unknown): void {
  if (!(error instanceof CosmicError)) throw error;
  process.stderr.write(visibleLines(`${error.message}\n`));
  process.exitCode = error.actor === 'user' ? 2 : 1;
}

// Whoever started the server with a channel wants it to end with him: it must not stay on his port.
if (process.connected) {
  process.on('disconnect', () => process.exit(1));
  process.channel?.unref();
}

try {
  const settings = readSettings(process.argv.slice(2), process.env);
  if (settings === undefined) process.stdout.write(usage);
  else await serve(settings);
} catch (error) {
  tell(error);
}
