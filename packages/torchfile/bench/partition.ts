/**
 * How fast a partition of 100 MB is written and read on this machine, and in how much memory.
 *
 *     node packages/torchfile/bench/partition.ts [samples in a batch]
 *
 * Figures are of the page cache, not of the disk. Run it alone: it takes one core whole.
 */
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPartition, partitionStream, type ByteSource, type PartitionBatch } from '../src/index.ts';

const COUNT = 5113;
const SAMPLE_BYTES = 20_520;
const ROUNDS = 5;

function* samples(size: number): Generator<PartitionBatch> {
  for (let from = 0; from < COUNT; from += size) {
    const count = Math.min(size, COUNT - from);
    yield {
      from,
      count,
      images: new Float32Array(count * 5120).fill(from),
      magnitudes: new Float64Array(count * 5).fill(17),
      redshift: new Float64Array(count).fill(0.1),
    };
  }
}

async function timed(what: string, work: () => Promise<void>): Promise<void> {
  const start = performance.now();
  await work();
  const rate = (COUNT * SAMPLE_BYTES) / 1000 / (performance.now() - start);
  const peak = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(`${what}: ${rate.toFixed(0)} MB/s, peak memory of the process so far ${peak.toFixed(0)} MiB\n`);
}

const size = Number(process.argv[2] ?? 128);
const folder = mkdtempSync(join(tmpdir(), 'torchfile-bench-'));
const path = join(folder, '1.pt');
try {
  await timed(`write, ${size} samples a batch`, () =>
    pipeline(partitionStream({ count: COUNT }, samples(size)), createWriteStream(path)),
  );
  const handle = await open(path);
  const source: ByteSource = {
    name: path,
    size: (await handle.stat()).size,
    async read(start, end) {
      const buffer = Buffer.allocUnsafeSlow(end - start);
      return buffer.subarray(0, (await handle.read(buffer, 0, buffer.byteLength, start)).bytesRead);
    },
  };
  const partition = await openPartition(source);
  for (let round = 0; round < ROUNDS; round += 1) {
    await timed(`read, ${size} samples a batch`, async () => {
      let seen = 0;
      for await (const batch of partition.batches({ size })) seen += batch.images.length / 5120;
      if (seen !== COUNT) throw new Error(`read ${seen} of ${COUNT} samples`);
    });
  }
  await handle.close();
} finally {
  rmSync(folder, { recursive: true });
}
