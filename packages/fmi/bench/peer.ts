import { joinWorld, sum, type Communicator } from '../src/index.ts';

/** What the parent asks a peer to measure. */
export interface Orders {
  readonly runId: string;
  readonly runKey: string;
  readonly rank: number;
  readonly worldSize: number;
  readonly port: number;
  readonly repetitions: number;
  readonly bcasts: number;
  readonly unixSockets: boolean;
}

/** Times in microseconds; `bcastSpans` are the ends of each bcast on this machine's monotonic clock. */
export interface Measured {
  readonly setUpMs: number;
  readonly barrierUs: number[];
  readonly allreduceUs: number[];
  readonly bcastSpans: [number, number][];
}

const MIB = 1024 * 1024;
const WARM_UP = 300;

const nowUs = (): number => Number(process.hrtime.bigint()) / 1000;

async function timed(repetitions: number, operation: () => Promise<unknown>): Promise<number[]> {
  for (let i = 0; i < WARM_UP; i++) await operation();
  const times = new Array<number>(repetitions);
  for (let i = 0; i < repetitions; i++) {
    const start = performance.now();
    await operation();
    times[i] = (performance.now() - start) * 1000;
  }
  return times;
}

async function bcasts(c: Communicator, repetitions: number): Promise<[number, number][]> {
  const value = new Uint8Array(MIB).fill(7);
  // Into memory of its own, as C++ FMI and MPI do.
  const into = new Uint8Array(MIB);
  const spans: [number, number][] = [];
  for (let i = -Math.min(WARM_UP, repetitions); i < repetitions; i++) {
    await c.barrier();
    const start = nowUs();
    await c.bcast(c.rank === 0 ? value : undefined, 0, { into });
    if (i >= 0) spans.push([start, nowUs()]);
  }
  await c.barrier();
  return spans;
}

process.on('message', (orders: Orders) => {
  void (async () => {
    const start = performance.now();
    const c = await joinWorld({
      ...orders,
      runKey: Buffer.from(orders.runKey, 'hex'),
      rendezvous: { host: '127.0.0.1', port: orders.port },
      connector: { unixSockets: orders.unixSockets },
    });
    await c.barrier();
    const setUpMs = performance.now() - start;
    const one = Float64Array.of(1);
    const measured: Measured = {
      setUpMs,
      barrierUs: await timed(orders.repetitions, () => c.barrier()),
      allreduceUs: await timed(orders.repetitions, () => c.allreduce(one, sum)),
      bcastSpans: await bcasts(c, orders.bcasts),
    };
    await c.close();
    process.send!(measured);
  })();
});
process.send!('ready');
process.on('disconnect', () => process.exit());
