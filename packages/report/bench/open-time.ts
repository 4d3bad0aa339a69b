/* eslint-disable no-console -- it prints its measurement */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { median } from '@cosmicai/metrics';
import { chromium } from 'playwright-core';
import { runReportHtml } from '../src/index.ts';
import { exampleReport } from '../test/example-report.ts';

/** How long report.html of 1,000 ranks takes to be made, and to be opened and painted in Chromium. Noisy on a busy machine. */
const OPENINGS = 9;
const folder = await mkdtemp(join(tmpdir(), 'report-'));
const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const made = performance.now();
  const html = await runReportHtml(exampleReport({ ranks: 1000 }));
  console.log(`made in ${Math.round(performance.now() - made)} ms, ${(html.length / 1e6).toFixed(1)} MB`);
  await writeFile(join(folder, 'report.html'), html);
  const times: number[] = [];
  for (let opening = 0; opening < OPENINGS; opening++) {
    const page = await context.newPage();
    const start = performance.now();
    await page.goto(pathToFileURL(join(folder, 'report.html')).href);
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    times.push(performance.now() - start);
    await page.close();
  }
  console.log(
    `opened and painted in ${Math.round(median(times))} ms (median of ${OPENINGS}), slowest ${Math.round(Math.max(...times))} ms`,
  );
} finally {
  await context.close();
  await rm(folder, { recursive: true });
}
