import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { benchReportHtml, runReportHtml } from '../src/index.ts';
import { exampleBench } from '../../../test/example-bench.ts';
import { exampleReport } from './example-report.ts';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const present = existsSync(EXECUTABLE);
if (!present) console.warn(`SKIPPED: no Chromium at ${EXECUTABLE}; set CHROMIUM to check report.html in a browser`);

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Script for the page: every visible text with the contrast of its colour to what is behind it, by WCAG 2.2. */
const TEXTS = String.raw`(() => {
  const channels = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = (colour) => {
    const [red, green, blue] = channels(colour).map((value) => linear(value / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element) => {
    if (element === null) return 'rgb(255, 255, 255)';
    const colour = getComputedStyle(element).backgroundColor;
    return (channels(colour)[3] ?? 1) === 0 ? ground(element.parentElement) : colour;
  };
  const holdsText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
  return [...document.querySelectorAll('body *')]
    .filter((element) => holdsText(element) && element.getClientRects().length > 0)
    .filter((element) => !['title', 'desc'].includes(element.tagName.toLowerCase()))
    .map((element) => {
      const style = getComputedStyle(element);
      const ink = luminance(element instanceof SVGElement ? style.fill : style.color);
      const [low, high] = [ink, luminance(ground(element))].sort((a, b) => a - b);
      return { contrast: (high + 0.05) / (low + 0.05), text: element.tagName + ': ' + element.textContent.slice(0, 40) };
    });
})()`;
const GROUND = 'getComputedStyle(document.body).backgroundColor';

(present ? describe : describe.skip)('in Chromium', () => {
  let folder: string;
  let context: BrowserContext;
  const told: string[] = [];
  const requested: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'report-'));
    context = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath: EXECUTABLE,
      args: ARGS,
    });
    await writeFile(join(folder, 'run.html'), await runReportHtml(exampleReport()));
    await writeFile(join(folder, 'large.html'), await runReportHtml(exampleReport({ ranks: 1000 })));
    await writeFile(join(folder, 'bench.html'), await benchReportHtml(exampleBench()));
  });

  afterAll(async () => {
    await context.close();
    await rm(folder, { recursive: true });
  });

  async function open(
    name: string,
    { width = 1100, scheme = 'light' }: { width?: number; scheme?: 'light' | 'dark' } = {},
  ): Promise<Page> {
    const page = await context.newPage();
    told.length = requested.length = 0;
    page.on('console', (message) => told.push(message.text()));
    page.on('pageerror', (error) => told.push(error.message));
    page.on('request', (request) => requested.push(request.url()));
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 900 });
    await page.goto(pathToFileURL(join(folder, name)).href);
    return page;
  }

  it.each(['run.html', 'large.html', 'bench.html'])(
    '%s opens without errors and asks for nothing but itself',
    async (name) => {
      const page = await open(name);

      expect(told).toEqual([]);
      expect(requested.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(join(folder, name)).href]);
      expect(await page.locator('svg').count()).toBeGreaterThan(1);
      await page.close();
    },
  );

  it.each(['light', 'dark'] as const)('every text can be read in the %s theme', async (scheme) => {
    for (const name of ['run.html', 'bench.html']) {
      const page = await open(name, { scheme });
      expect(await page.evaluate<string>(GROUND)).toBe(scheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(18, 22, 28)');
      const texts = await page.evaluate<{ contrast: number; text: string }[]>(TEXTS);
      expect(texts.length).toBeGreaterThan(50);
      expect(texts.filter(({ contrast }) => contrast < 4.5)).toEqual([]);
      await page.close();
    }
  });

  it('finds every section and every drawing by its words', async () => {
    const page = await open('run.html');

    for (const name of ['Course of the run', 'Ranks', 'Predictions', 'Bill', 'Quote against actual', 'Configuration']) {
      expect(await page.getByRole('region', { name, exact: true }).count()).toBeGreaterThanOrEqual(1);
    }
    for (const name of [
      /State machine of the run/,
      /Timeline of the ranks/,
      /Predicted against spectroscopic/,
      /Residuals/,
    ]) {
      expect(await page.getByRole('img', { name }).count()).toBe(1);
    }
    await page.close();
  });

  it('sets the quote beside what the run took, row by row, and says what it was based on', async () => {
    const page = await open('run.html');
    const section = page.locator('#quote');

    expect(await section.getByRole('row').allInnerTexts()).toEqual([
      expect.stringMatching(/^what\s+quoted\s+range\s+actual\s+deviation\s+verdict$/),
      expect.stringMatching(
        /^duration\s+9\.1 s\s+8\.2 to 11\.4\s+[\d.]+ s\s+[+-]?[\d.]+ %\s+(as|less than|more than) quoted$/,
      ),
      expect.stringMatching(/^peak memory\s+420 MB\s+up to 420\s+250 MB\s+-40\.5 %\s+as quoted$/),
      expect.stringMatching(/^cold starts\s+4\s+–\s+3\s+-25 %\s+less than quoted$/),
    ]);
    expect(await section.innerText()).toContain('by a probe of one process.');
    await page.close();
  });

  it.each([360, 768, 1600])('fits a window %d pixels wide', async (width) => {
    for (const name of ['run.html', 'bench.html']) {
      const page = await open(name, { width });
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
      expect(overflow).toBeLessThanOrEqual(0);
      await page.close();
    }
  });

  it('prints, in light colours whatever the screen has', async () => {
    const page = await open('run.html', { scheme: 'dark' });
    const pdf = await page.pdf({ format: 'A4' });
    await page.emulateMedia({ media: 'print' });

    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    expect(await page.evaluate<string>(GROUND)).toBe('rgb(255, 255, 255)');
    await page.close();
  });
});
