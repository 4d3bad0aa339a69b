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

const linux = process.platform === 'linux' ? describe : describe.skip;
if (process.platform !== 'linux') console.warn('Processes of a command that was killed are not looked for: no /proc');

linux('a command that is killed, with no chance to end its processes', () => {
  it.each<[string, readonly number[], readonly string[]]>([
    ['that work', [], ['--concurrency', '1']],
    ['that are stopped', [0], ['--concurrency', '1']],
    ['that are stopped, and meet over FMI', [0, 1], ['--fmi']],
  ])('leaves no functions %s', async (_, stopped, options) => {
    const results = `killed-${stopped.length}`;
    const run = workspace.start([
      ...['run', '--data', 'parts', '--world-size', '4', '--batch-size', '1', '--no-report', '--results', results],
      ...options,
    ]);
    const atWork = ofType('FunctionStarted', { in: 'Infer[2]' });
    const { event, directory } = await eventOf(workspace.path(results), run.ended, atWork);
    const started = eventsIn(directory).filter(ofType('FunctionStarted'));
    const pids = started.flatMap(({ pid }) => pid ?? []).filter(isThere);
    expect(pids).toContain(event.pid);
    const others = pids.filter((pid) => pid !== event.pid);
    for (const which of stopped) process.kill([event.pid!, ...others][which]!, 'SIGSTOP');
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
