/*
 * Samples a second, peak memory and whole-process time of this pipeline against PyTorch running the same checkpoint on the
 * same partition. Both are whole processes, run in turn, so that a busy spell of the machine meets both; ratios are of
 * neighbouring runs. Prints JSON.
 *
 *   COSMICAI_PYTHON=python3 node packages/inference/bench/against-pytorch.ts --checkpoint c.pt --model m.onnx --partition 1.pt
 */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    checkpoint: { type: 'string' },
    model: { type: 'string' },
    partition: { type: 'string' },
    batches: { type: 'string', default: '1,8,32,128,512' },
    rounds: { type: 'string', default: '5' },
  },
});
const { checkpoint, model, partition } = values;
if (checkpoint === undefined || model === undefined || partition === undefined) {
  throw new Error(
    '--checkpoint, --model and --partition are required; training/golden/astromae_golden.py full makes the first',
  );
}
const python = process.env.COSMICAI_PYTHON ?? 'python3';
const training = join(import.meta.dirname, '../../../training/infer_pytorch.py');

/** Small batches are slow: fewer samples suffice for a steady rate. */
const samplesFor = (batch: number) => (batch === 1 ? 384 : batch < 32 ? 1024 : 2048);

interface Measured {
  readonly samples: number;
  readonly sample_persec: number;
  readonly peak_rss_mb: number;
  /** Wall clock of the whole process, start-up included. */
  readonly process_seconds: number;
}

function measure(command: string, args: readonly string[]): Measured {
  const started = performance.now();
  const line = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return {
    ...(JSON.parse(line) as Omit<Measured, 'process_seconds'>),
    process_seconds: (performance.now() - started) / 1000,
  };
}

const middle = (list: readonly number[]) => list.toSorted((a, b) => a - b)[list.length >> 1]!;

const table = values.batches.split(',').map((text) => {
  const batch = Number(text);
  const samples = String(samplesFor(batch));
  const pairs = Array.from({ length: Number(values.rounds) }, () => ({
    ours: measure(process.execPath, [join(import.meta.dirname, 'infer-here.ts'), model, partition, text, samples]),
    pytorch: measure(python, [training, checkpoint, partition, '--batch-size', text, '--samples', samples]),
  }));
  const row = {
    batch,
    samples_per_second: middle(pairs.map(({ ours }) => ours.sample_persec)),
    pytorch_samples_per_second: middle(pairs.map(({ pytorch }) => pytorch.sample_persec)),
    ratio: middle(pairs.map(({ ours, pytorch }) => ours.sample_persec / pytorch.sample_persec)),
    process_seconds: middle(pairs.map(({ ours }) => ours.process_seconds)),
    pytorch_process_seconds: middle(pairs.map(({ pytorch }) => pytorch.process_seconds)),
    peak_rss_mb: middle(pairs.map(({ ours }) => ours.peak_rss_mb)),
    pytorch_peak_rss_mb: middle(pairs.map(({ pytorch }) => pytorch.peak_rss_mb)),
  };
  process.stderr.write(`${JSON.stringify(row)}\n`);
  return row;
});
const processors = cpus();
process.stdout.write(
  `${JSON.stringify({ machine: `${processors.length} x ${processors[0]?.model ?? 'unknown'}`, rounds: Number(values.rounds), table }, null, 2)}\n`,
);
