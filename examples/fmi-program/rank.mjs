/** One rank: sums the magnitudes of its partition, and with the others those of the survey. */
import { joinWorld, orderedSum, PeerLostError } from '@cosmicai/fmi';
import { fileStore } from '@cosmicai/store';
import { openPartition, storeSource } from '@cosmicai/torchfile';

const { runId, runKey, rank, worldSize, port, folder } = JSON.parse(process.argv[2]);

const partition = await openPartition(await storeSource(fileStore(folder), `${rank + 1}.pt`));
const own = new Float64Array(6);
for await (const { count, magnitudes } of partition.batches({ size: 16 })) {
  own[0] += count;
  for (const [place, magnitude] of magnitudes.entries()) own[1 + (place % 5)] += magnitude;
}

const world = await joinWorld({
  runId,
  runKey: Buffer.from(runKey, 'hex'),
  rank,
  worldSize,
  rendezvous: { host: '127.0.0.1', port },
});
try {
  // Left to right by rank, so that it is the same each time. Undefined on all ranks but 0.
  const sums = await world.reduce(own, orderedSum);
  const galaxies = await world.gather(own[0]);
  if (sums !== undefined) {
    const means = [...sums.subarray(1)].map((sum) => (sum / sums[0]).toFixed(2));
    console.log(
      `${sums[0]} galaxies (${galaxies.join(' + ')}) of mean magnitudes ${means.join(', ')} in u, g, r, i, z`,
    );
  }
  await world.barrier();
} catch (error) {
  if (error instanceof PeerLostError) console.error(`without rank ${error.rank}: ${error.reason}`);
  throw error;
} finally {
  await world.close();
}
