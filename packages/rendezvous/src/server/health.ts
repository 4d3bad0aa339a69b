import { createServer, type Server } from 'node:http';
import type { RendezvousStats } from './stats.ts';

/** /healthz (200 `ok`, or 503 `draining`, so that a load balancer sends no new clients) and /metrics, GET only. */
export function createHealthServer(
  stats: () => RendezvousStats,
  metrics: (() => Promise<{ readonly contentType: string; readonly body: string }>) | undefined,
): Server {
  const server = createServer((request, response) => {
    const answer = (status: number, contentType: string, body: string) => {
      response.writeHead(status, { 'content-type': contentType }).end(request.method === 'HEAD' ? '' : body);
    };
    const path = request.url?.split('?', 1)[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') answer(405, 'text/plain', 'only GET\n');
    else if (path === '/healthz') {
      const now = stats();
      const { connections, worlds, members, relays } = now;
      const status = now.draining ? 'draining' : 'ok';
      const body = JSON.stringify({ status, connections, worlds, members, relays });
      answer(now.draining ? 503 : 200, 'application/json', body);
    } else if (path === '/metrics' && metrics !== undefined) {
      metrics().then(
        ({ contentType, body }) => answer(200, contentType, body),
        () => answer(500, 'text/plain', 'metrics failed\n'),
      );
    } else answer(404, 'text/plain', 'not found; try /healthz or /metrics\n');
  });
  // Slow clients of the health port get no longer than a scrape may take.
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;
  return server;
}
