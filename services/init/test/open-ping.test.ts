import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveRunKey } from '@cosmicai/rendezvous';
import { InvalidInputError } from '@cosmicai/payload';
import { fileStore } from '@cosmicai/store';
import { openPing } from '../src/open-ping.ts';
import { NO_SERVER } from './run-reference.ts';

const SECRET = 'a secret of the rendezvous server';
const folder = mkdtempSync(join(tmpdir(), 'cosmicai-open-ping-'));
const store = fileStore(folder);
afterAll(() => rmSync(folder, { recursive: true }));

const open = (ping_id: string) =>
  openPing(
    { fmi_ping: { ping_id, bucket: 'galaxies', result_path: 'results' } },
    { ...NO_SERVER, openStore: () => store, secret: () => Promise.resolve(SECRET) },
  );

describe('openPing', () => {
  it('leaves the key of the ping, which opens nothing else, where its ranks look', async () => {
    const { key, ping_id } = await open('ping-0f1e2d3c');
    expect([ping_id, key]).toEqual(['ping-0f1e2d3c', 'results/runs/ping-0f1e2d3c/rendezvous-key']);
    expect((await store.get(key)).toString()).toBe(deriveRunKey(SECRET, 'ping-0f1e2d3c').toString('hex'));
    expect(statSync(join(folder, key)).mode & 0o777).toBe(0o600);
  });

  it('never hands out the key of a run', async () => {
    await expect(open('20260304T050607Z-01234567')).rejects.toThrow(InvalidInputError);
    await expect(open('ping-../../20260304T050607Z')).rejects.toThrow(InvalidInputError);
  });
});
