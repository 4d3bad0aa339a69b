import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileAstroMae, PUBLISHED_CONFIG, randomWeights, type AstroMaeConfig } from '@cosmicai/astromae';
import { parseJsonAs, rankResultSchema, runSummarySchema, type RankResult, type RunSummary } from '@cosmicai/payload';
import { fileStore } from '@cosmicai/store';
import { writeSurvey } from '@cosmicai/survey';
import { partitionSize } from '@cosmicai/torchfile';
import { z } from 'zod';
import { cosmicaiIn } from './in-process.ts';
import { startCosmicai, type CommandOptions, type Ended, type Started } from './cosmicai.ts';

/** The published architecture, one block deep: quick to build and to run. */
const FAST_CONFIG: AstroMaeConfig = { ...PUBLISHED_CONFIG, encoder: { ...PUBLISHED_CONFIG.encoder, depth: 1 } };

/** What `run --json` prints. */
export interface RunJson {
  readonly status: string;
  readonly error?: string;
  readonly cause?: string;
  readonly directory: string;
  readonly summary: RunSummary | null;
  readonly ranks: readonly { readonly rank: number; readonly samples: number | null }[];
}

/** A folder in which commands run, with a small fast model as COSMICAI_MODEL. */
export class Workspace {
  readonly folder = mkdtempSync(join(tmpdir(), 'cosmicai-cli-'));
  readonly modelPath = join(this.folder, 'fast.onnx');

  constructor() {
    writeFileSync(this.modelPath, compileAstroMae(FAST_CONFIG, randomWeights(FAST_CONFIG, 7)));
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  start(args: readonly string[], options: Partial<CommandOptions> = {}): Started {
    return startCosmicai(args, {
      ...options,
      cwd: options.cwd ?? this.folder,
      environment: { COSMICAI_MODEL: this.modelPath, ...options.environment },
    });
  }

  /** In the tests' own process: for what neither is killed nor depends on how processes end. */
  inProcess(args: readonly string[]): Promise<Ended> {
    return cosmicaiIn(this.folder, args, { COSMICAI_MODEL: this.modelPath });
  }

  cosmicai(args: readonly string[], options: Partial<CommandOptions> = {}): Promise<Ended> {
    return this.start(args, options).ended;
  }

  /** A simulated survey in the given folder: partitions 1.pt, 2.pt, … of equal size. */
  async survey(folder: string, { count = 60, files = 4, seed = 1 } = {}): Promise<string> {
    // Room for the share of a file and not for one galaxy more, as long as a share is below twenty galaxies.
    const partitionBytes = Math.ceil(1.05 * partitionSize({ count: Math.ceil(count / files) }));
    await writeSurvey(fileStore(this.path(folder)), '', { count, seed, partitionBytes });
    return this.path(folder);
  }

  /** Four partitions of which 3.pt, that of rank 2, takes long enough for the rank to be caught at work: 15, 15, 500 and 15 galaxies. */
  async surveyWithLongRank(folder: string, count = 500): Promise<void> {
    await this.survey(folder);
    await this.survey(`${folder}-long`, { count, files: 1, seed: 3 });
    cpSync(this.path(`${folder}-long`, '1.pt'), this.path(folder, '3.pt'));
  }

  text(...parts: string[]): string {
    return readFileSync(this.path(...parts), 'utf8');
  }

  exists(...parts: string[]): boolean {
    return existsSync(this.path(...parts));
  }

  /** Names in a folder, sorted, without the hidden folder in which the store writes what it then moves. */
  names(...parts: string[]): string[] {
    const names = readdirSync(this.path(...parts)).sort();
    return names.filter((name) => !name.startsWith('.'));
  }

  summary(...parts: string[]): RunSummary {
    return parseJsonAs(runSummarySchema, this.text(...parts), parts.join('/'));
  }

  combined(...parts: string[]): RankResult[] {
    return parseJsonAs(z.array(rankResultSchema), this.text(...parts), parts.join('/'));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The JSON that a command printed; throws when anything else is on stdout. */
export function printedJson({ stdout }: Ended): unknown {
  return JSON.parse(stdout);
}

/** What `run --json` printed. */
export function printedRun(end: Ended): RunJson {
  return printedJson(end) as RunJson;
}
