/* One process of a benchmark: predicts a partition with a model and prints one line of JSON. Sessions and their threads: as by default, unless told. */
import { basename, dirname } from 'node:path';
import { openGalaxies } from '@cosmicai/samples';
import { fileStore, inPieces, storeSource } from '@cosmicai/store';
import { openModel, peakRssMb, predictPartition } from '../src/index.ts';

const [modelPath, partitionPath, batch, limit, workers, threads] = process.argv.slice(2) as [
  ...[string, string, string, string],
  ...string[],
];
const { predictor } = await openModel({
  modelPath,
  ...(workers !== undefined && { workers: Number(workers) }),
  ...(threads !== undefined && { threads: Number(threads) }),
});
const file = await storeSource(fileStore(dirname(partitionPath)), basename(partitionPath));
const partition = await openGalaxies(inPieces(file));
const started = performance.now();
const before = process.cpuUsage();
let samples = 0;
for await (const { count } of predictPartition(partition, predictor, { batchSize: Number(batch) })) {
  samples += count;
  if (samples >= Number(limit)) break;
}
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(before);
process.stdout.write(
  `${JSON.stringify({ samples, seconds, cpu_seconds: (user + system) / 1e6, sample_persec: samples / seconds, peak_rss_mb: peakRssMb() })}\n`,
);
await predictor.close();
