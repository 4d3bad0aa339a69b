import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { eventOf, eventsIn, ofType } from './support/events.ts';
import type { Started } from './support/cosmicai.ts';
import { Workspace } from './support/workspace.ts';

let workspace: Workspace;
beforeAll(async () => {
  workspace = new Workspace();
  await workspace.surveyWithLongRank('parts');
});
afterAll(() => workspace.remove());

/** Whether a process is there, also a stopped one; one that has ended and was not yet collected by its parent is not. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function untilGone(pids: readonly number[]): Promise<void> {
  while (pids.some(isThere)) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function killed({ process: command, ended }: Started): Promise<void> {
  command.kill('SIGKILL');
  await ended;
}

interface AtWork {
  readonly run: Started;
  readonly directory: string;
  /** The function of rank 2, which takes longest, and all that are there. */
  readonly pid: number;
  readonly pids: readonly number[];
}

/** A run whose rank 2 is at work: another one where a busy machine looked for it when it was over. */
async function atWork(results: string, options: readonly string[], attempt = 0): Promise<AtWork> {
  const folder = `${results}-${attempt}`;
  const run = workspace.start([
    ...['run', '--data', 'parts', '--world-size', '4', '--batch-size', '1', '--no-report', '--results', folder],
    ...options,
  ]);
  const begins = ofType('FunctionStarted', { in: 'Infer[2]' });
  const { event, directory } = await eventOf(workspace.path(folder), run.ended, begins);
  const started = eventsIn(directory).filter(ofType('FunctionStarted'));
  const pids = started.flatMap(({ pid }) => pid ?? []).filter(isThere);
  if (pids.includes(event.pid!)) return { run, directory, pid: event.pid!, pids };
  await run.ended;
  return await atWork(results, options, attempt + 1);
}

const linux = process.platform === 'linux' ? describe : describe.skip;
if (process.platform !== 'linux') console.warn('Processes of a command that was killed are not looked for: no /proc');

linux('a command that is killed, with no chance to end its processes', () => {
  it.each<[string, readonly number[], readonly string[]]>([
    ['that work', [], ['--concurrency', '1']],
    ['that are stopped', [0], ['--concurrency', '1']],
    ['that are stopped, and meet over FMI', [0, 1], ['--fmi']],
  ])('leaves no functions %s', async (_, stopped, options) => {
    const { run, directory, pid, pids } = await atWork(`killed-${stopped.length}`, options);
    const others = pids.filter((other) => other !== pid);
    for (const which of stopped) process.kill([pid, ...others][which]!, 'SIGSTOP');
    await killed(run);
    await untilGone(pids);

    // Not locked by whoever is gone.
    const resumed = await workspace.cosmicai(['run', '--resume', directory, '--batch-size', '1', '--no-report']);
    expect(resumed).toMatchObject({ code: 0 });
  });

  it('leaves no rendezvous server, stopped or not', async () => {
    for (const stop of [false, true]) {
      const command = workspace.start(['rendezvous', '--host', '127.0.0.1', '--port', '0', '--health-port', '0'], {
        environment: { COSMICAI_RENDEZVOUS_SECRETS: 'a-secret-that-is-long-enough-for-a-server' },
      });
      await listening(command);
      const [server] = childrenOf(command.process.pid!);
      if (stop) process.kill(server!, 'SIGSTOP');
      await killed(command);
      await untilGone([server!]);
    }
  });
});

/** The server logs that it listens. */
async function listening({ process: command, ended }: Started): Promise<void> {
  let text = '';
  command.stdout?.on('data', (chunk: string) => (text += chunk));
  const over = ended.then(({ stderr }) => Promise.reject(new Error(`The server ended: ${stderr}`)));
  while (!text.includes('rendezvous started')) await Promise.race([once(command.stdout!, 'data'), over]);
  over.catch(() => undefined);
}

function childrenOf(pid: number): number[] {
  const text = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(pid)], { encoding: 'utf8' });
  return text
    .split('\n')
    .filter((line) => line.includes('rendezvous'))
    .map((line) => Number(line.trim().split(' ')[0]));
}
