import { readFileSync } from 'node:fs';
import { fileStore } from '@cosmicai/store';
import { openPartition, storeSource } from '@cosmicai/torchfile';
import { printedJson, Workspace } from './support/workspace.ts';

let workspace: Workspace;
beforeAll(() => {
  workspace = new Workspace();
});
afterAll(() => workspace.remove());

const bytes = (...parts: string[]) => readFileSync(workspace.path(...parts));

async function samplesOf(folder: string, name: string) {
  const partition = await openPartition(await storeSource(fileStore(workspace.path(folder)), name));
  return partition.read(0, partition.count);
}

describe('cosmicai simulate', () => {
  it('writes the same bytes for a seed, and others for another', async () => {
    const simulate = (out: string, seed: string) =>
      workspace.cosmicai(['simulate', '-n', '50', '-s', seed, '-p', '0.5MB', '-o', out, '--json']);
    const [first, again, other] = await Promise.all([simulate('a', '7'), simulate('b', '7'), simulate('c', '8')]);

    expect([first.code, again.code, other.code]).toEqual([0, 0, 0]);
    const files = printedJson(first) as { key: string; galaxies: number; bytes: number }[];
    expect(files.map(({ key, galaxies }) => [key, galaxies])).toEqual([
      ['1.pt', 25],
      ['2.pt', 25],
    ]);
    expect(workspace.names('a')).toEqual(['1.pt', '2.pt']);
    for (const { key, bytes: size } of files) {
      expect(bytes('a', key)).toHaveLength(size);
      expect(bytes('b', key).equals(bytes('a', key))).toBe(true);
      expect(bytes('c', key).equals(bytes('a', key))).toBe(false);
    }
  });

  it('prints a table of the files', async () => {
    const end = await workspace.cosmicai(['simulate', '-n', '3', '-o', 'three']);
    expect(end.code).toBe(0);
    expect(end.stdout).toMatch(/^file +galaxies +bytes\n1\.pt +3 +\d+\n$/);
  });
});

describe('cosmicai split', () => {
  it('writes parts that joined are the original, bit for bit', async () => {
    await workspace.survey('whole', { count: 40, files: 1, seed: 4 });

    const end = await workspace.cosmicai(['split', 'whole/1.pt', '-p', '0.3MB', '-o', 'parts', '--json']);

    expect(end.code).toBe(0);
    const parts = printedJson(end) as { name: string; from: number; count: number; size: number }[];
    expect(parts.map(({ name, from, count }) => [name, from, count])).toEqual([
      ['1.pt', 0, 15],
      ['2.pt', 15, 15],
      ['3.pt', 30, 10],
    ]);
    expect(workspace.names('parts')).toEqual(['1.pt', '2.pt', '3.pt']);
    const whole = await samplesOf('whole', '1.pt');
    const read = await Promise.all(parts.map(({ name }) => samplesOf('parts', name)));
    for (const field of ['images', 'magnitudes', 'redshift'] as const) {
      const joined = Buffer.concat(
        read.map((part) => Buffer.from(part[field]!.buffer, part[field]!.byteOffset, part[field]!.byteLength)),
      );
      const original = whole[field]!;
      expect(joined.equals(Buffer.from(original.buffer, original.byteOffset, original.byteLength))).toBe(true);
    }
  });
});
