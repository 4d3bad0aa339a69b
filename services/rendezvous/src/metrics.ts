import type { RendezvousStats } from '@cosmicai/rendezvous';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

const gauges = {
  connections: 'Open connections of every kind.',
  worlds: 'Runs with ranks present, or opened ahead of them.',
  openRuns: 'Runs that were opened and some ranks of which have still to come.',
  members: 'Ranks connected now.',
  waitingV1: 'TCPunch v1 clients that wait for their peer.',
  waitingV2: 'TCPunch v2 clients that wait for their peer.',
  relays: 'Pairs that talk through the relay now.',
} as const satisfies Partial<Record<keyof RendezvousStats, string>>;

const counters = {
  accepted: 'Connections accepted.',
  authenticated: 'Clients that have proven a run key.',
  introductions: 'Pairs of ranks introduced to each other.',
  punches: 'Pairs told to punch a hole at the same time.',
  relaysOpened: 'Pairs joined by the relay.',
  relayedBytes: 'Bytes that peers have sent through the relay.',
  pairingsV1: 'TCPunch v1 pairs brought together.',
  pairingsV2: 'TCPunch v2 pairs brought together.',
  membersLost: 'Ranks whose connection ended without a good-bye.',
  membersLeft: 'Ranks that said good-bye.',
} as const satisfies Partial<Record<keyof RendezvousStats, string>>;

/** Prometheus metrics of a server, read from its own counts at each scrape, with the process's memory and event-loop delay. */
export function prometheus(stats: () => RendezvousStats): () => Promise<{ contentType: string; body: string }> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const [key, help] of Object.entries(gauges) as [keyof typeof gauges, string][]) {
    new Gauge({
      name: `rendezvous_${snakeCase(key)}`,
      help,
      registers: [registry],
      collect() {
        this.set(stats()[key]);
      },
    });
  }
  for (const [key, help] of Object.entries(counters) as [keyof typeof counters, string][]) {
    new Counter({
      name: `rendezvous_${snakeCase(key)}_total`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(stats()[key]);
      },
    });
  }
  new Counter({
    name: 'rendezvous_refused_total',
    help: 'Clients turned away, by reason.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [reason, count] of Object.entries(stats().refused)) this.inc({ reason }, count);
    },
  });
  return async () => ({ contentType: registry.contentType, body: await registry.metrics() });
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
