import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPartition, partitionStream, stateDictStream } from '../src/index.ts';
import { collect, goldenSource, sha256 } from './golden-files.ts';

/** A Python with torch and numpy; none is needed to use the package. */
const python = process.env.COSMICAI_PYTHON ?? 'python3';
const hasTorch = spawnSync(python, ['-c', 'import torch, numpy']).status === 0;
if (!hasTorch) {
  console.warn(
    `${python} has no torch: torch.load of written files is not tried. Set COSMICAI_PYTHON to one that has.`,
  );
}

function runPython(script: string, ...args: string[]): unknown {
  const { status, stdout, stderr } = spawnSync(python, ['-c', script, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

(hasTorch ? describe : describe.skip)('torch.load', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'torchfile-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('reads a written partition bit for bit, copied or mapped', async () => {
    const original = await openPartition(goldenSource('partition.pt'));
    const samples = await original.read(0, 6);
    const path = join(folder, '1.pt');
    writeFileSync(path, await collect(partitionStream({ count: 6 }, original.batches({ size: 4 }))));
    const script = `
import hashlib, json, sys, torch
seen = []
for mapped in (False, True):
    dataset = torch.load(sys.argv[1], weights_only=False, mmap=mapped)
    seen.append([type(dataset).__name__, len(dataset)] + [
        [str(t.dtype), list(t.shape), t.data_ptr() % 64 if mapped else 0, hashlib.sha256(t.numpy().tobytes()).hexdigest()]
        for t in dataset.tensors])
print(json.dumps(seen))`;
    const expected = [
      'TensorDataset',
      6,
      ['torch.float32', [6, 5, 32, 32], 0, sha256(samples.images)],
      ['torch.float64', [6, 5], 0, sha256(samples.magnitudes)],
      ['torch.float64', [6], 0, sha256(samples.redshift!)],
    ];
    expect(runPython(script, path)).toEqual([expected, expected]);
  });

  it('reads a written state dict, with weights_only too', async () => {
    const path = join(folder, 'state.pt');
    const weight = Float32Array.of(1, 2, 3, 4, 5, 6);
    const root = {
      model: {
        w: { dtype: 'float32', shape: [2, 3], data: weight },
        tied: { dtype: 'float32', shape: [6], data: weight },
      },
      steps: [1, -2.5, 2 ** 40, null, true, 'redshift'],
    } as const;
    writeFileSync(path, await collect(stateDictStream(root)));
    const script = `
import json, sys, torch
found = torch.load(sys.argv[1], weights_only=True)
w, tied = found["model"]["w"], found["model"]["tied"]
print(json.dumps([w.tolist(), w.data_ptr() == tied.data_ptr(), found["steps"]]))`;
    expect(runPython(script, path)).toEqual([
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      true,
      [1, -2.5, 2 ** 40, null, true, 'redshift'],
    ]);
  });
});
