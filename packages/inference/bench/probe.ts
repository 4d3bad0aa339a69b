/*
 * What trying a model costs when it is opened for the first time, and what opening it costs afterwards:
 * node packages/inference/bench/probe.ts [model] [times]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoModel } from '@cosmicai/demo-model';
import { openModel } from '../src/index.ts';

const DEMO = demoModel();
const [modelPath = DEMO, times = '12'] = process.argv.slice(2);
const cacheFolder = mkdtempSync(join(tmpdir(), 'cosmicai-probe-'));

interface Cost {
  readonly wall: number;
  readonly processor: number;
}

async function open(): Promise<Cost> {
  const started = performance.now();
  const before = process.cpuUsage();
  const { predictor } = await openModel({ modelPath, workers: 1, cacheFolder });
  const { user, system } = process.cpuUsage(before);
  const wall = performance.now() - started;
  await predictor.close();
  return { wall, processor: (user + system) / 1000 };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

// By turns, so that whatever else the machine does is shared alike; processor time is what other work changes least.
const costs: Record<'probed' | 'kept', Cost[]> = { probed: [], kept: [] };
for (let time = 0; time < Number(times); time++) {
  rmSync(cacheFolder, { recursive: true });
  costs.probed.push(await open());
  costs.kept.push(await open());
}
rmSync(cacheFolder, { recursive: true });
for (const [how, taken] of Object.entries(costs)) {
  const [processor, wall] = [median(taken.map((one) => one.processor)), median(taken.map((one) => one.wall))];
  process.stdout.write(
    `${how}: ${processor.toFixed(0)} ms of processor time, ${wall.toFixed(0)} ms (medians of ${taken.length})\n`,
  );
}
