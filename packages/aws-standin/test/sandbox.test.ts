import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEnvironment, type Surroundings } from '../src/functions/execution-environment.ts';
import { whyNoSandbox } from '../src/functions/sandbox.ts';
import { OWN_RUNTIME } from '../src/functions/spawn-runtime.ts';

const reason = whyNoSandbox();
if (reason !== undefined) console.warn(`The sandbox of functions is not tested: ${reason}`);

const GROUPS = existsSync('/sys/fs/cgroup/memory') ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup';

(reason === undefined ? describe : describe.skip)('a function in its sandbox', () => {
  let folder: string;
  let writable: readonly string[];
  const start = async (handler: string, memoryMb = 256) => {
    const temporary = await mkdtemp(join(folder, 'tmp-'));
    const surroundings: Surroundings = {
      account: '123456789012',
      region: 'us-east-1',
      runtime: OWN_RUNTIME,
      sandboxed: true,
      temporary,
      environment: {},
      sink: { write: () => Promise.resolve() },
      onWritable: (_, places) => {
        writable = places;
      },
    };
    const served = { name: handler, folder: join(import.meta.dirname, 'fixtures'), handler: `handler.${handler}` };
    const own = { memoryMb, timeoutSeconds: 60, ephemeralStorageMb: 2, environment: {} };
    return await startEnvironment({ ...served, ...own }, surroundings);
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cosmicai-sandbox-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('sees nothing of the machine and writes into /tmp alone, as much as it has', async () => {
    const environment = await start('look');
    const { payload } = await environment.invoke('{}');
    expect(JSON.parse(payload)).toMatchObject({
      root: expect.not.arrayContaining(['home', 'root', 'sys']) as unknown,
      user: 993,
      home: '/home/sbx_user1051',
      wrote: { '/var/task/a': 'EROFS', '/etc/a': 'EROFS', '/a': 'EROFS', '/dev/shm/a': 'ENOENT' },
      tooMuch: 'ENOSPC',
    });
    expect(JSON.parse(payload)).not.toHaveProperty(['wrote', '/tmp/a']);
    expect(writable).toEqual(['/tmp']);
    const [root = ''] = await readdir(folder);
    const group = `cosmicai-${root}`;
    expect(await readdir(GROUPS)).toContain(group);
    await environment.kill();
    // Its files are gone with it, and so is its group; others' may be there.
    expect(await readdir(join(folder, root))).toEqual([]);
    expect(await readdir(GROUPS)).not.toContain(group);
  });

  it('ends when it takes more memory than it has, which is told as what it is', async () => {
    const environment = await start('grow', 128);
    const { payload, failed } = await environment.invoke('{}');
    expect(failed).toBe(true);
    expect(JSON.parse(payload)).toMatchObject({ errorType: 'Runtime.OutOfMemory' });
    expect(environment.alive).toBe(false);
  });
});
