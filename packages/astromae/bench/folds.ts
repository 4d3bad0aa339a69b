/* Samples a second of the literal, the folded and the fp16 graph of the published configuration, random weights. */
import '@cosmicai/payload/no-telemetry';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { compileAstroMae, PUBLISHED_CONFIG, randomWeights, type CompileOptions } from '../src/index.ts';

const BATCHES = [1, 32];
/** CPU time, not wall clock: other work on the machine then changes little. */
const RUNS = 40;

const weights = randomWeights(PUBLISHED_CONFIG, 1);
const variants: Record<string, CompileOptions> = {
  literal: { fold: false },
  folded: {},
  fp16: { weightsType: 'fp16' },
};
const sessions = new Map<string, InferenceSession>();
for (const [name, options] of Object.entries(variants)) {
  const model = compileAstroMae(PUBLISHED_CONFIG, weights, options);
  sessions.set(name, await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 }));
}

for (const batch of BATCHES) {
  const inputs = {
    image: new Tensor(
      'float32',
      Float32Array.from({ length: batch * 5 * 32 * 32 }, (_, i) => Math.sin(i)),
      [batch, 5, 32, 32],
    ),
    magnitudes: new Tensor(
      'float32',
      Float32Array.from({ length: batch * 5 }, (_, i) => Math.cos(i)),
      [batch, 5],
    ),
  };
  const seconds = new Map<string, number[]>([...sessions.keys()].map((name) => [name, []]));
  for (let run = 0; run < RUNS; run++) {
    // Interleaved, so that a busy spell of the machine meets all of them.
    for (const [name, session] of sessions) {
      const start = process.cpuUsage();
      await session.run(inputs);
      const { user, system } = process.cpuUsage(start);
      seconds.get(name)!.push((user + system) / 1e6);
    }
  }
  const rates = Array.from(
    seconds,
    ([name, times]) => [name, batch / times.sort((a, b) => a - b)[RUNS >> 1]!] as const,
  );
  const literal = rates[0]![1];
  for (const [name, rate] of rates) {
    process.stdout.write(`batch ${batch}, ${name}: ${rate.toFixed(0)} samples/s, ${(rate / literal).toFixed(2)}x\n`);
  }
}
