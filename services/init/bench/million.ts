/**
 * Plans runs over a million files: memory, seconds of processor time, the largest item of the Map. Prints JSON. Each run has a process of its own; what it
 * lists is made up as it is listed, and what it writes is counted and thrown away.
 *
 * Node lets garbage lie as long as there is room for it, so the room is what it gives itself in a function of 256 MB.
 *
 * node services/init/bench/million.ts > million.json
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { ObjectInfo, ObjectStore } from '@cosmicai/store';
import { initialize } from '../src/initialize.ts';

const RUNS = [
  { files: 1000, ranks: 10 },
  { files: 1_000_000, ranks: 10_000 },
  { files: 1_000_000, ranks: 50_000 },
  { files: 1_000_000, ranks: 1_000_000 },
];

const ROOM = ['--max-old-space-size=100', '--max-semi-space-size=8'];

const [files, ranks] = process.argv.slice(2).map(Number);
if (files === undefined || ranks === undefined) {
  const folder = await mkdtemp(join(tmpdir(), 'cosmicai-million-'));
  const bundle = join(folder, 'million.mjs');
  const { bundleBench } = await import('../../../test/bundle-bench.ts');
  await bundleBench(import.meta.filename, bundle);
  const measured = RUNS.map((run): unknown =>
    JSON.parse(execFileSync(process.execPath, [...ROOM, bundle, String(run.files), String(run.ranks)]).toString()),
  );
  await rm(folder, { recursive: true });
  process.stdout.write(`${JSON.stringify(measured, null, 1)}\n`);
} else {
  await plan(files, ranks);
}

async function plan(files: number, ranks: number): Promise<void> {
  const before = process.cpuUsage();
  const sizes = new Map<string, number>();
  let line = '';
  const put = async (key: string, body: Parameters<ObjectStore['put']>[1]) => {
    let size = 0;
    const see = (part: Uint8Array) => {
      if (size === 0 && key.endsWith('items.json'))
        line = Buffer.from(part.subarray(0, 2048)).toString().split('\n')[0] ?? '';
      size += part.length;
    };
    if (typeof body === 'string') see(Buffer.from(body));
    else if (body instanceof Uint8Array) see(body);
    else await finished(body.on('data', see));
    sizes.set(key, size);
    return { key, size, etag: 'e' };
  };
  const store = { url: 's3://galaxies', list: () => listing(files), put } as unknown as ObjectStore;
  const { run } = await initialize(
    { bucket: 'galaxies', data_prefix: 'survey', world_size: ranks },
    { openStore: () => store, now: () => new Date(0), newRunId: () => '20260304T050607Z-01234567' },
  );
  const { user, system } = process.cpuUsage(before);
  const result = {
    ...{ files, ranks },
    cpu_seconds: (user + system) / 1e6,
    peak_rss_mb: process.resourceUsage().maxRSS / 1024,
    manifest_bytes: sizes.get(run.manifest_key),
    items_bytes: sizes.get(run.items_key ?? ''),
    largest_item_bytes: line.length - 2,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

async function* listing(files: number): AsyncGenerator<ObjectInfo> {
  // In the order of a bucket: by text, which for numbers without zeros before them isn't that of the plan.
  const lastModified = new Date(0);
  for (const at of inTextOrder(1, files)) {
    const etag = `${at.toString(16).padStart(32, '0')}-4`;
    yield { key: `survey/partition-${at}.pt`, size: 26_214_400, etag, lastModified };
    if (at % 1000 === 0) await Promise.resolve();
  }
}

/** 1, 10, 100, …, 11, …: numbers as text is sorted. */
function* inTextOrder(from: number, most: number): Generator<number> {
  for (let at = from; at < from + 10 - (from === 1 ? 1 : 0) && at <= most; at++) {
    yield at;
    yield* inTextOrder(at * 10, most);
  }
}
