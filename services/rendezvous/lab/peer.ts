// One peer of the lab: meets the other one as often as asked and prints a line of JSON for each meeting.
import { createConnector, deriveRunKey } from '@cosmicai/rendezvous';
import { labRunId, labSecret, type Meeting, type PeerOrder } from './run-scenario.ts';

const order = JSON.parse(process.argv[2]!) as PeerOrder;
const runKey = deriveRunKey(labSecret, labRunId);
const peer = 1 - order.rank;

async function meetOnce(round: number): Promise<Meeting> {
  const deadline = Date.now() + order.deadlineMs;
  const connector = await createConnector({
    rendezvous: order.rendezvous,
    runId: labRunId,
    runKey,
    group: `round ${round}`,
    rank: order.rank,
    worldSize: 2,
    localCandidates: order.localCandidates,
    deadline,
  });
  try {
    const link = await connector.connect(peer, { deadline });
    const said = `rank ${order.rank}, round ${round}`;
    link.socket.write(said);
    const heard = await hear(link.socket, said.length);
    const intact = heard === `rank ${peer}, round ${round}`;
    return { round, kind: link.kind, intact, setupMs: Math.round(link.setupMs), error: '' };
  } catch (error) {
    return { round, kind: 'none', intact: false, setupMs: 0, error: (error as Error).message };
  } finally {
    await connector.close();
  }
}

async function hear(socket: AsyncIterable<Buffer>, length: number): Promise<string> {
  let heard = '';
  for await (const chunk of socket) {
    heard += chunk.toString();
    if (heard.length >= length) break;
  }
  return heard;
}

let next = 0;
const worker = async () => {
  while (next < order.rounds) process.stdout.write(`${JSON.stringify(await meetOnce(next++))}\n`);
};
await Promise.all(Array.from({ length: order.atOnce }, worker));
