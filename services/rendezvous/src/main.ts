import { startRendezvous, type RendezvousServer } from '@cosmicai/rendezvous';
import { CosmicError, defined, visibleLines } from '@cosmicai/payload';
import { pino } from 'pino';
import { stageMetrics } from './cloudwatch.ts';
import { prometheus } from './metrics.ts';
import { readSettings, usage, type Settings } from './settings.ts';

/** CloudWatch keeps metrics by the minute. */
const CLOUDWATCH_PERIOD_MS = 60_000;

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
  if (!(error instanceof CosmicError)) throw error;
  process.stderr.write(visibleLines(`${error.message}\n`));
  process.exitCode = error.actor === 'user' ? 2 : 1;
}
