// One rank in a process of its own, to be killed: meets in barriers over a store or Redis until it is.
import { openStore } from '@cosmicai/store';
import { Communicator } from '../../src/index.ts';
import { redis, store } from '../../src/boards.ts';

const [kind, address, name, rank, worldSize] = process.argv.slice(2) as [string, string, string, string, string];
const communicator = new Communicator(Number(rank), Number(worldSize), {
  name,
  channels: [kind === 'redis' ? redis(address) : store(openStore(address))],
  deadlineMs: 600_000,
});
for (;;) await communicator.barrier();
