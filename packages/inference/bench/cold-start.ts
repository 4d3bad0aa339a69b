/*
 * Where the time goes from the start of a process to its first predictions, each round in a process of its own: loading modules, reading and
 * hashing the model, sessions in their threads, the trial of a model that this machine doesn't know, 32 predictions. Wall clock and processor
 * time of all threads in ms; on a busy machine the latter says more. Prints JSON.
 *
 *   node packages/inference/bench/cold-start.ts --model m.onnx [--workers 1,2] [--rounds 5]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '@cosmicai/metrics';

interface Stage {
  readonly stage: string;
  readonly wall: number;
  readonly cpu: number;
}

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    workers: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '5' },
    once: { type: 'boolean' },
  },
});
if (values.model === undefined) throw new Error('--model is required');

if (values.once === true) {
  process.stdout.write(JSON.stringify(await stagesOf(values.model, Number(values.workers))));
} else {
  const table = [];
  for (const workers of values.workers.split(',')) {
    const rounds = Array.from({ length: Number(values.rounds) }, () => {
      const args = [import.meta.filename, '--model', values.model ?? '', '--workers', workers, '--once'];
      return JSON.parse(execFileSync(process.execPath, args).toString()) as Stage[];
    });
    const stages = (rounds[0] ?? []).map(({ stage }, at) => ({
      stage,
      wall_ms: median(rounds.map((round) => round[at]?.wall ?? NaN)),
      cpu_ms: median(rounds.map((round) => round[at]?.cpu ?? NaN)),
    }));
    table.push({ workers: Number(workers), stages });
  }
  process.stdout.write(`${JSON.stringify({ rounds: Number(values.rounds), table }, null, 2)}\n`);
}

async function stagesOf(modelPath: string, workers: number): Promise<Stage[]> {
  const stages: Stage[] = [];
  // Of this file's own start nothing counts but Node's.
  let wall = 0;
  let cpu = 0;
  const end = (stage: string) => {
    const { user, system } = process.cpuUsage();
    const now = [performance.now(), (user + system) / 1000] as const;
    stages.push({ stage, wall: now[0] - wall, cpu: now[1] - cpu });
    [wall, cpu] = now;
  };
  end('node and this file');
  const { loadModel, modelOnDisk, readModel } = await import('../src/index.ts');
  end('modules');
  const content = await readModel(modelOnDisk(modelPath));
  end('model read and hashed');
  const cacheFolder = mkdtempSync(join(tmpdir(), 'cosmicai-cold-start-'));
  try {
    const options = { workers, cacheFolder };
    const first = await loadModel({ ...content, bytes: structuredClone(content.bytes) }, options);
    end('sessions and trial');
    await first.predictor.close();
    end('closed');
    const { predictor } = await loadModel(content, options);
    end('sessions of a model that was tried');
    const [bands, side] = [predictor.contract.spec.image.bands.length, predictor.contract.spec.image.side];
    const images = new Float32Array(32 * bands * side * side).fill(1);
    await predictor.predict({ count: 32, images, magnitudes: new Float64Array(32 * bands).fill(18) });
    end('32 predictions');
    await predictor.close();
  } finally {
    rmSync(cacheFolder, { recursive: true });
  }
  return stages;
}
