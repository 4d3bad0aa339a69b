/*
 * How much of its reading a rank hides behind its computing: a partition from a store that is slow in its bytes (30 MB/s over all
 * connections) or in its answers (50 ms each), against reading alone and computing alone, one after the other in each round. Prints JSON.
 *
 *   node packages/inference/bench/reading.ts --model m.onnx --partition 1.pt [--batches 1,32,512] [--rounds 3]
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bufferSource, inPieces, piecesOf, type ByteSource } from '@cosmicai/store';
import { openModel, predictSource } from '../src/index.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    partition: { type: 'string' },
    batches: { type: 'string', default: '1,32,512' },
    rounds: { type: 'string', default: '3' },
  },
});
if (values.model === undefined || values.partition === undefined)
  throw new Error('--model and --partition are required');
const memory = bufferSource(values.partition, readFileSync(values.partition));
const model = await openModel({ modelPath: values.model });

const BYTES_PER_MS = 30_000;
const STORES: Readonly<Record<string, (bytes: number) => Promise<unknown>>> = {
  '30 MB/s': (() => {
    let free = 0;
    return (bytes) => {
      free = Math.max(free, performance.now()) + bytes / BYTES_PER_MS;
      return pause(free - performance.now());
    };
  })(),
  '50 ms a request': () => pause(50),
};

function slow(wait: (bytes: number) => Promise<unknown>): ByteSource & { requests: number } {
  return {
    ...memory,
    requests: 0,
    async read(from, to) {
      this.requests++;
      await wait(to - from);
      return memory.read(from, to);
    },
  };
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

async function readAll(source: ByteSource): Promise<void> {
  const pieces = inPieces(source);
  for (let from = 0; from < source.size; from += 2 ** 20)
    await pieces.read(from, Math.min(source.size, from + 2 ** 20));
}

const middle = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1] ?? NaN;

const table = [];
for (const [store, wait] of Object.entries(STORES)) {
  for (const batchSize of values.batches.split(',').map(Number)) {
    const rounds = [];
    let requests = 0;
    for (let round = 0; round < Number(values.rounds); round++) {
      const predict = (source: ByteSource) => predictSource(source, model, { batchSize, checkCrc: true });
      const reading = await seconds(() => readAll(slow(wait)));
      const computing = await seconds(() => predict(memory));
      const source = slow(wait);
      const both = await seconds(() => predict(source));
      requests = source.requests;
      rounds.push({ reading, computing, both, ratio: both / Math.max(reading, computing) });
    }
    const row = {
      store,
      batch_size: batchSize,
      requests,
      reading_seconds: middle(rounds.map(({ reading }) => reading)),
      computing_seconds: middle(rounds.map(({ computing }) => computing)),
      both_seconds: middle(rounds.map(({ both }) => both)),
      ratio_to_the_longer: middle(rounds.map(({ ratio }) => ratio)),
    };
    process.stderr.write(`${JSON.stringify(row)}\n`);
    table.push(row);
  }
}
await model.predictor.close();
const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`;
const file = { bytes: memory.size, pieces: piecesOf(memory.size) };
process.stdout.write(`${JSON.stringify({ machine, ...file, rounds: Number(values.rounds), table }, null, 2)}\n`);
