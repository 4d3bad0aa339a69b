/** Starts a rendezvous server, and a process for each rank. */
import { fork } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { deriveRunKey } from '@cosmicai/fmi';
import { startRendezvous } from '@cosmicai/rendezvous';

const [folder = 'galaxies'] = process.argv.slice(2);
const worldSize = 3;

// Whoever knows the secret may open worlds. Ranks are given the key of this run alone.
const secret = randomBytes(32).toString('hex');
const server = await startRendezvous({ secrets: [secret], host: '127.0.0.1', port: 0, healthPort: 0 });
const runId = randomUUID();
const runKey = deriveRunKey(secret, runId).toString('hex');

const codes = await Promise.all(
  Array.from({ length: worldSize }, async (_, rank) => {
    const settings = { runId, runKey, rank, worldSize, port: server.port, folder };
    const [code] = await once(fork(new URL('rank.mjs', import.meta.url), [JSON.stringify(settings)]), 'exit');
    return code;
  }),
);
await server.close(0);
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;
