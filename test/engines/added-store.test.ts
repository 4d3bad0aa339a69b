import { jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoModel } from '../../packages/demo-model/src/index.ts';
import type * as Store from '../../packages/store/src/index.ts';
import { extendedBy } from '../extending.ts';

/** What "Add a store" of docs/extending.md adds to the package. */
interface Added {
  readonly memoryBuckets: Map<string, Map<string, unknown>>;
}

const extended = extendedBy('Add a store', 'store');
const folder = mkdtempSync(join(tmpdir(), 'cosmicai-added-'));
afterAll(() => {
  extended.remove();
  rmSync(folder, { recursive: true });
});

it('runs the workflow on partitions and results in a store that is added by the text of docs/extending.md', async () => {
  const store = (await import(join(extended.folder, 'src/index.ts'))) as typeof Store;
  const { memoryBuckets } = (await import(join(extended.folder, 'src/memory/memory-store.ts'))) as Added;
  // Every package then has it in place of the one that it depends on.
  jest.unstable_mockModule('../../packages/store/src/index.ts', () => store);
  const model = demoModel();
  Object.assign(process.env, {
    COSMICAI_MODEL: model,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
  });
  const { inlineEngine } = await import('./inline-engine.ts');
  const { contextIn } = await import('./support.ts');
  const { writeSurvey } = await import('../../packages/survey/src/index.ts');
  const { layoutOf, openPlace, verifyFolder } = await import('../../packages/runs/src/index.ts');

  for (const bucket of ['galaxies', 'predictions']) memoryBuckets.set(`memory://${bucket}`, new Map());
  const survey = { count: 24, seed: 7, partitionBytes: 250_000 };
  const partitions = await writeSurvey(store.openStore('memory://galaxies'), 'small/', survey);

  const engine = inlineEngine(contextIn(folder, model));
  const changes = { data: 'memory://galaxies/small', results: 'memory://predictions/nightly', worldSize: 2 };
  const execution = await engine.start({ changes });
  const { status, place } = await engine.events(execution, {
    see: () => undefined,
    hear: () => undefined,
    signal: new AbortController().signal,
  });

  expect(status).toBe('SUCCEEDED');
  expect(place).toMatchObject({ bucket: 'memory://predictions', resultPath: 'nightly' });
  if (place === undefined) throw new Error('nothing was planned');
  const { proof, findings } = await verifyFolder(openPlace(place), layoutOf(place));
  expect([proof !== undefined, findings]).toEqual([true, []]);
  const results: unknown = JSON.parse(
    (await store.openStore('memory://predictions').get('nightly/combined_data.json')).toString(),
  );
  expect(results).toHaveLength(2);
  expect(partitions.length).toBeGreaterThan(1);
});
