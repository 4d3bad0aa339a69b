import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cosmicaiIn } from './support/in-process.ts';

describe('cosmicai tune', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cosmicai-tune-'));
  const files = ['--files', '6', '--file-samples', '2000'];
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('shows the frontier, picks for a deadline, writes payload and picture', async () => {
    writeFileSync(join(folder, 'payload.json'), JSON.stringify({ bucket: 'galaxies', world_size: 6, batch_size: 32 }));
    const picking = ['--deadline', '1min', '-o', 'tuned.json', '--plot', 'frontier.svg'];
    const { code, stdout } = await cosmicaiIn(folder, ['tune', 'payload.json', ...files, ...picking]);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^duration +at most +cost +at most +ranks +files/);
    expect(stdout).toMatch(/int8/);
    const [, worldSize, concurrency] = /^Payload +world_size (\d+), max_concurrency (\d+)$/m.exec(stdout) ?? [];
    expect(JSON.parse(readFileSync(join(folder, 'tuned.json'), 'utf8'))).toEqual({
      bucket: 'galaxies',
      world_size: Number(worldSize),
      batch_size: 32,
      max_concurrency: Number(concurrency),
    });
    const picture = readFileSync(join(folder, 'frontier.svg'), 'utf8');
    expect(picture).toMatch(/^<svg/);
    expect(picture).toMatch(/cost \(USD\)/);
    expect(picture).toMatch(/picked/);
  });

  it('prints JSON, of the choices that are left by the options', async () => {
    const only = ['--arithmetic', 'fp32', '--architecture', 'arm64', '--budget', '10', '--json'];
    const { code, stdout } = await cosmicaiIn(folder, ['tune', ...files, ...only]);

    expect(code).toBe(0);
    const { frontier, picked } = JSON.parse(stdout) as { frontier: object[]; picked: object };
    expect(frontier.length).toBeGreaterThan(1);
    for (const choice of frontier) expect(choice).toMatchObject({ precision: 'fp32', architecture: 'arm64' });
    expect(frontier).toContainEqual(picked);
  });

  it.each(['', 'soon', '0s', '-5s', '5 days'])('refuses the deadline %j', async (time) => {
    const { code, stderr } = await cosmicaiIn(folder, ['tune', ...files, '--deadline', time]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/Expected a time such as 60s|argument missing|invalid/);
  });
});
