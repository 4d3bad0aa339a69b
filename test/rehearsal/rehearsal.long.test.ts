import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { whyNoSandbox, whyNoStandIn } from '../../packages/aws-standin/src/index.ts';
import { pages } from '../docs/pages.ts';
import { refusedByPolicies, refusedByRoles } from '../policy/printed.ts';
import type { IamStatement } from '../policy/simulate.ts';
import { whyNoNetworkOfItsOwn } from './network.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const CI = process.env.COSMICAI_REHEARSAL === 'required';

const reason = whyNoStandIn() ?? whyNoSandbox() ?? whyNoNetworkOfItsOwn();
if (reason !== undefined) console.warn(`NO DEPLOYMENT IS REHEARSED: ${reason}`);

interface Log {
  readonly played: readonly { readonly scene: string; readonly failure?: string }[];
  readonly attemptsElsewhere: number;
  readonly sandboxes: number;
  readonly writable: readonly string[];
  readonly commands: readonly { readonly typed: string }[];
}

(reason === undefined || CI ? describe : describe.skip)('a rehearsed deployment', () => {
  let folder: string;
  beforeAll(async () => {
    folder = process.env.COSMICAI_REHEARSAL_LOG ?? (await mkdtemp(join(tmpdir(), 'cosmicai-rehearsal-')));
  });
  afterAll(async () => {
    if (process.env.COSMICAI_REHEARSAL_LOG === undefined) await rm(folder, { recursive: true });
  });

  it('goes as documented, asks nobody else, writes nowhere else, and types what pages leave to it', async () => {
    expect(reason).toBeUndefined();
    const child = spawn(process.execPath, [MAIN, '--out', folder], { stdio: ['ignore', 'ignore', 'pipe'] });
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit') as Promise<[number]>]);
    if (code !== 0) throw new Error(`pnpm rehearse ended with exit code ${code}:\n${said}`);

    const log = JSON.parse(await readFile(join(folder, 'rehearsal.json'), 'utf8')) as Log;
    expect(log.played.filter(({ failure }) => failure !== undefined)).toEqual([]);
    expect(log).toMatchObject({ attemptsElsewhere: 0, writable: ['/tmp'] });
    expect(log.sandboxes).toBeGreaterThan(0);
    const typed = log.commands.map((command) => command.typed);
    const left = [...pages().values()]
      .flatMap(({ blocks }) => blocks)
      .filter(({ mark }) => mark.by === 'pnpm rehearse')
      .flatMap(({ commands }) => commands);
    expect(typed).toEqual(expect.arrayContaining(left));
    const recorded = await readFile(join(folder, 'calls.jsonl'), 'utf8');
    expect(refusedByPolicies(recorded)).toEqual([]);
    const roles = JSON.parse(await readFile(join(folder, 'roles.json'), 'utf8')) as Record<string, IamStatement[]>;
    expect(refusedByRoles(recorded, roles)).toEqual([]);
    const calls = recorded.trim().split('\n');
    const principals = new Set(calls.map((call) => (JSON.parse(call) as { principal: string }).principal));
    expect([...principals]).toEqual(
      expect.arrayContaining([
        'deployer',
        'runner',
        ...['init', 'inference', 'summarize'].map((name) => `cosmicai-${name}-dev-us-east-1-${name}`),
      ]),
    );
  }, 1_200_000);
});
