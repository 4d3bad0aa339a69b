/*
 * What a report, the end of `run` and `run --no-report` take of a run with many ranks, in memory and processor time, which can be
 * measured on a busy machine, each in a process of its own; and how large the page is, and how soon it is open. The run is one that
 * services/summarize/bench/many-ranks.ts kept; the events of its execution, eight for each rank, are made here. Prints JSON.
 *
 *   node packages/report/bench/many-ranks.ts FOLDER
 */
/* eslint-disable no-console -- it prints its measurement */
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from '@cosmicai/metrics';
import type { ExecutionRecord, RunEvent, UnnumberedEvent } from '@cosmicai/payload';
import type { RunPlace } from '@cosmicai/runs';
import { gatherRun } from '@cosmicai/runs/gather';
import { chromium } from 'playwright-core';
import { assembleRunReport, runReportHtml, type RunReport } from '../src/index.ts';

const OPENINGS = 5;
const { values, positionals } = parseArgs({ options: { measure: { type: 'string' } }, allowPositionals: true });
const [folder = ''] = positionals;
const page = join(folder, 'report.html');

if (values.measure === undefined) {
  const [node, ...more] = [process.execPath, import.meta.filename, folder, '--measure'];
  const measured = Object.fromEntries(
    ['report', 'end of run', 'end of run --no-report'].map((what) => [
      what,
      JSON.parse(execFileSync(node, [...more, what], { encoding: 'utf8' })) as object,
    ]),
  );
  console.log(JSON.stringify({ ...measured, page_opened: await openPage() }, null, 1));
} else await measure(values.measure);

async function measure(what: string): Promise<void> {
  const [runId = ''] = readdirSync(join(folder, 'out', 'runs'));
  const place = { bucket: pathToFileURL(folder).href, resultPath: 'out', runId };
  // A command that reports has no execution but what a record tells; the end of a run has had its events in memory all along.
  const execution = what === 'report' ? undefined : await executionOf(place);
  globalThis.gc?.();
  const startedCpu = process.cpuUsage();
  const material = await gatherRun(place, execution, {
    ...{ forPage: what !== 'end of run --no-report', checkAll: what === 'report' },
  });
  const report: RunReport = assembleRunReport(material);
  const html = what === 'end of run --no-report' ? '' : await runReportHtml(report);
  const { user, system } = process.cpuUsage(startedCpu);
  if (what === 'end of run') writeFileSync(page, html);
  console.log(
    JSON.stringify({
      ranks: report.ranks.length,
      galaxies: report.samples,
      events: execution?.events.length ?? 0,
      cpu_seconds: (user + system) / 1e6,
      peak_rss_mb: process.resourceUsage().maxRSS / 1024,
      ...(html !== '' && { page_mb: html.length / 1e6 }),
    }),
  );
}

/** As the engine of this machine tells of it. */
async function executionOf(place: RunPlace): Promise<ExecutionRecord> {
  const { ours = [] } = await gatherRun(place, undefined, { forPage: false, checkAll: false });
  const events: RunEvent[] = [];
  const add = (event: UnnumberedEvent) => events.push({ id: events.length + 1, ...event });
  const start = '2026-03-04T05:06:07.000Z';
  add({ type: 'RunStarted', time: start, input: {} });
  add({
    type: 'MapRunStarted',
    time: start,
    state: 'Infer',
    items: ours.length,
    children: ours.length,
    concurrency: 1,
  });
  for (const { rank, started_at: time, timing } of ours) {
    const end = new Date(Date.parse(time) + 1000 * timing.total).toISOString();
    const child = { in: `Infer[${rank}]`, state: 'Predict' };
    const requestId = `00000000-0000-4000-8000-${String(rank).padStart(12, '0')}`;
    const input = { RANK: String(rank), RUN_ID: place.runId, MANIFEST: `out/runs/${place.runId}/manifest.json` };
    add({ type: 'ChildStarted', time, state: 'Infer', index: rank, name: String(rank), input });
    add({ type: 'StateEntered', time, ...child, stateType: 'Task', input });
    add({ type: 'FunctionStarted', time, ...child, functionName: 'infer', requestId });
    const report = {
      ...{ functionName: 'infer', requestId, memorySizeMb: 3008, maxMemoryUsedMb: 250 },
      ...{ durationMs: 1000 * timing.total, billedDurationMs: 1000 * timing.total, initDurationMs: 400 },
    };
    add({ type: 'FunctionEnded', time: end, ...child, report });
    add({ type: 'StateExited', time: end, ...child, stateType: 'Task', output: { status: 'succeeded' } });
    add({ type: 'ChildSucceeded', time: end, state: 'Infer', index: rank, output: { status: 'succeeded' } });
  }
  const definition = {
    StartAt: 'Infer',
    States: {
      Infer: {
        Type: 'Map',
        End: true,
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
          StartAt: 'Predict',
          States: { Predict: { Type: 'Task', Resource: 'arn:aws:lambda:::function:infer', End: true } },
        },
      },
    },
  };
  return { events, definition };
}

/** Until it is painted; noisy on a busy machine. */
async function openPage(): Promise<object> {
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    const times: number[] = [];
    for (let opening = 0; opening < OPENINGS; opening++) {
      const tab = await context.newPage();
      const start = performance.now();
      await tab.goto(pathToFileURL(page).href);
      await tab.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
      times.push(performance.now() - start);
      await tab.close();
    }
    return { median_ms: Math.round(median(times)), slowest_ms: Math.round(Math.max(...times)), openings: OPENINGS };
  } finally {
    await context.close();
  }
}
