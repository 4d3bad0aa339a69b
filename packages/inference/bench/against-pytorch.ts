/*
 * Samples a second, peak memory and whole-process time of this pipeline against others running the same checkpoint on the same
 * partition: PyTorch with one and two threads, compiled, in bfloat16, and its plain ONNX export in onnxruntime. All are whole processes, run in turn,
 * so that a busy spell of the machine meets them alike; ratios are of neighbouring runs, of each to the baseline; on a busy machine those of processor time. Prints JSON.
 *
 *   COSMICAI_PYTHON=python3 node packages/inference/bench/against-pytorch.ts --checkpoint c.pt --model m.onnx [--int8 m-int8.onnx] --partition 1.pt
 */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '@cosmicai/metrics';

/** By name, what training/infer_pytorch.py is told. */
const PEERS: Readonly<Record<string, readonly string[]>> = {
  'eager-2': ['--threads', '2'],
  'eager-1': ['--threads', '1'],
  export: ['--how', 'export', '--threads', '2'],
  compile: ['--how', 'compile', '--threads', '2'],
  'compile-bfloat16': ['--how', 'compile', '--bfloat16', '--threads', '2'],
};

const { values } = parseArgs({
  options: {
    checkpoint: { type: 'string' },
    model: { type: 'string' },
    int8: { type: 'string' },
    partition: { type: 'string' },
    peers: { type: 'string', default: 'eager-2,eager-1,export' },
    baseline: { type: 'string', default: 'eager-2' },
    batches: { type: 'string', default: '1,32,128,512' },
    rounds: { type: 'string', default: '3' },
  },
});
const { checkpoint, model, int8, partition } = values;
if (checkpoint === undefined || model === undefined || partition === undefined) {
  throw new Error(
    '--checkpoint, --model and --partition are required; training/golden/astromae_golden.py full makes the first',
  );
}
const python = process.env.COSMICAI_PYTHON ?? 'python3';
const training = join(import.meta.dirname, '../../../training/infer_pytorch.py');

/** Small batches are slow: fewer samples suffice for a steady rate. */
const samplesFor = (batch: number) => (batch === 1 ? 128 : 1024);

interface Measured {
  readonly samples: number;
  readonly sample_persec: number;
  /** Of all threads while it predicts: what a busy machine changes least. */
  readonly cpu_seconds: number;
  readonly peak_rss_mb: number;
  /** Of peers: until the first batch was predicted, compiling and exporting included. */
  readonly first_seconds?: number;
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

const perSample = ({ cpu_seconds, samples }: Measured) => cpu_seconds / samples;

type Contender = (batch: string, samples: string) => Measured;
const ours = (path: string): Contender => {
  const here = join(import.meta.dirname, 'infer-here.ts');
  return (batch, samples) => measure(process.execPath, [here, path, partition, batch, samples]);
};
const peer = (how: readonly string[]): Contender => {
  const given = [training, checkpoint, partition, ...how];
  return (batch, samples) => measure(python, [...given, '--batch-size', batch, '--samples', samples]);
};
const contenders: Readonly<Record<string, Contender>> = {
  fp32: ours(model),
  ...(int8 !== undefined && { int8: ours(int8) }),
  ...Object.fromEntries(values.peers.split(',').map((name) => [name, peer(PEERS[name] ?? unknown(name))])),
};
if (contenders[values.baseline] === undefined) unknown(values.baseline);

function unknown(name: string): never {
  const known = [...(int8 === undefined ? [] : ['int8']), 'fp32', ...Object.keys(PEERS)].join(', ');
  throw new Error(`No contender is named "${name}"; there are ${known}.`);
}

const table = values.batches.split(',').flatMap((text) => {
  const samples = String(samplesFor(Number(text)));
  const rounds = Array.from({ length: Number(values.rounds) }, () =>
    Object.fromEntries(Object.entries(contenders).map(([name, run]) => [name, run(text, samples)])),
  );
  return Object.keys(contenders).map((name) => {
    const middle = (figure: (round: Readonly<Record<string, Measured>>) => number) => median(rounds.map(figure));
    const row = {
      batch: Number(text),
      contender: name,
      samples_per_second: middle((round) => round[name]!.sample_persec),
      ratio: middle((round) => round[name]!.sample_persec / round[values.baseline]!.sample_persec),
      cpu_ms_per_sample: middle((round) => 1000 * perSample(round[name]!)),
      cpu_ratio: middle((round) => perSample(round[values.baseline]!) / perSample(round[name]!)),
      process_seconds: middle((round) => round[name]!.process_seconds),
      first_seconds: middle((round) => round[name]!.first_seconds ?? NaN),
      peak_rss_mb: middle((round) => round[name]!.peak_rss_mb),
    };
    process.stderr.write(`${JSON.stringify(row)}\n`);
    return row;
  });
});
const processors = cpus();
const machine = `${processors.length} x ${processors[0]?.model ?? 'unknown'}`;
const { baseline } = values;
process.stdout.write(`${JSON.stringify({ machine, rounds: Number(values.rounds), baseline, table }, null, 2)}\n`);
