/*
 * Two sessions of a thread each against one session of two threads, which holds the weights once: whole processes in turn, ratios of neighbours.
 * Prints JSON.
 *
 *   node packages/inference/bench/sessions.ts --model m.onnx [--galaxies 1024] [--batches 1,32,512] [--rounds 5]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '@cosmicai/metrics';
import { fileStore } from '@cosmicai/store';
import { simulateSurvey } from '@cosmicai/survey';
import { writePartition } from '@cosmicai/torchfile';

/** What infer-here.ts prints. */
interface Here {
  readonly seconds: number;
  readonly cpu_seconds: number;
  readonly peak_rss_mb: number;
}

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    galaxies: { type: 'string', default: '1024' },
    batches: { type: 'string', default: '1,32,512' },
    rounds: { type: 'string', default: '5' },
  },
});
const { model, galaxies } = values;
if (model === undefined) throw new Error('--model is required');
const folder = mkdtempSync(join(tmpdir(), 'cosmicai-sessions-'));
try {
  const count = Number(galaxies);
  await writePartition(fileStore(folder), '1.pt', { count }, simulateSurvey({ count, seed: 1 }));
  const here = (batch: string, workers: number, threads: number) => {
    const what = [model, join(folder, '1.pt'), batch, galaxies, `${workers}`, `${threads}`];
    const program = join(import.meta.dirname, 'infer-here.ts');
    return JSON.parse(execFileSync(process.execPath, [program, ...what]).toString()) as Here;
  };
  const table = values.batches.split(',').map((batch) => {
    const rounds = Array.from({ length: Number(values.rounds) }, () => ({
      two: here(batch, 2, 1),
      one: here(batch, 1, 2),
    }));
    const figures = (figure: (of: Here) => number) => ({
      two_sessions: median(rounds.map(({ two }) => figure(two))),
      one_session: median(rounds.map(({ one }) => figure(one))),
      ratios: rounds.map(({ two, one }) => figure(one) / figure(two)).sort((a, b) => a - b),
    });
    return {
      batch: Number(batch),
      seconds: figures(({ seconds }) => seconds),
      cpu_seconds: figures((of) => of.cpu_seconds),
      peak_rss_mb: figures((of) => of.peak_rss_mb),
    };
  });
  process.stdout.write(`${JSON.stringify({ galaxies: count, rounds: Number(values.rounds), table }, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
