import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openStore, type ObjectStore } from '@cosmicai/store';
import { runLocally, type FunctionConfig, type LocalRunOptions, type LocalRunResult } from '../src/index.ts';

export const fixture = (...path: string[]) => join(import.meta.dirname, 'fixtures', ...path);

export function rankFunction(handler: string): FunctionConfig {
  return { bundle: fixture('functions', 'ranks.mjs'), handler, memoryMiB: 512, timeoutSeconds: 60 };
}

export const rankFunctions = {
  init: rankFunction('init'),
  check: rankFunction('check'),
  inference: rankFunction('infer'),
  summarize: rankFunction('summarize'),
};

/** A folder for one test: it is the bucket of its runs and holds their run directories. */
export class Workspace {
  readonly folder = mkdtempSync(join(tmpdir(), 'cosmicai-local-'));
  readonly runDirectory = join(this.folder, 'run');
  readonly store: ObjectStore = openStore(pathToFileURL(this.folder).href);

  /** What the functions of `ranks.mjs` were called for, in order. */
  calls(): string[] {
    const log = join(this.folder, 'calls.log');
    return existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : [];
  }

  run(options: Partial<LocalRunOptions> & Pick<LocalRunOptions, 'definition'>): Promise<LocalRunResult> {
    return runLocally({
      input: { folder: this.folder, world_size: 3 },
      functions: rankFunctions,
      runDirectory: this.runDirectory,
      store: () => this.store,
      concurrency: 2,
      skipWaits: true,
      ...options,
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The types of a run's events, those inside child executions and functions left out. */
export function outline(result: LocalRunResult): string[] {
  return result.events
    .filter((event) => event.in === undefined && !event.type.startsWith('Function'))
    .map((event) => ('state' in event ? `${event.type} ${event.state}` : event.type));
}
