import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import {
  commonTokens,
  tokens,
  declareFactoryPlugin,
  type Injector,
  PluginKind,
  type PluginContext,
} from '@stryker-mutator/api/plugin';
import type { InstrumenterContext, MutantCoverage, StrykerOptions } from '@stryker-mutator/api/core';
import {
  determineHitLimitReached,
  type DryRunResult,
  DryRunStatus,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import { expect } from 'expect';
import * as circus from 'jest-circus';

type Entry = ReturnType<typeof circus.getState>['rootDescribeBlock']['tests'][number];
type Block = Entry['parent'];

/** What mutated code and this runner tell each other by. */
type Context = { [Key in keyof InstrumenterContext]: InstrumenterContext[Key] | undefined };

const TEST_TIMEOUT_MS = 60_000;
/** After so many mutants all tests have to pass without one: none may fail for what an earlier one left. */
const CHECKED_EVERY = 100;

/**
 * Runs test files with Jest's own describe, it and expect, but in the process itself: tests are loaded again for each mutant,
 * the code only for mutants of what runs while it loads, packages never. Jest loads everything again for each mutant, which takes
 * seconds where the tests of a mutant take milliseconds.
 */
class InProcessRunner implements TestRunner {
  readonly #files: readonly string[];
  readonly #context: Context;
  /** Of the code, and of the tests: what is loaded under another one is loaded again. */
  readonly #generation = { code: 0, tests: 0 };
  #runs = 0;
  #loadError: unknown;
  /** Of each test: its name, file and whether it was to be skipped anyway. */
  #tests = new Map<Entry, { readonly id: string; readonly fileName: string; readonly skipped: boolean }>();
  #unhandled: unknown[] = [];

  constructor(files: readonly string[]) {
    this.#files = files;
    this.#context = (globalThis as typeof globalThis & { __stryker__?: Context }).__stryker__ ??= {};
    const here = pathToFileURL(process.cwd()).href;
    registerHooks({
      resolve: (specifier, context, next) => {
        const resolved = next(specifier, context);
        const own = resolved.url.startsWith(here) && !resolved.url.includes('/node_modules/');
        if (!own) return resolved;
        const url = resolved.url.replace(/\?.*/, '');
        return { ...resolved, url: `${url}?${this.#generation[url.includes('/test/') ? 'tests' : 'code']}` };
      },
    });
    const { describe, it, test, beforeAll, beforeEach, afterAll, afterEach } = circus;
    Object.assign(globalThis, { describe, it, test, beforeAll, beforeEach, afterAll, afterEach, expect });
    Object.assign(globalThis, { jest: { setTimeout: () => undefined } });
    circus.addEventHandler((event) => {
      if (event.name === 'test_start') this.#context.currentTestId = this.#tests.get(event.test)?.id;
      if (event.name === 'hook_start' && event.hook.type.endsWith('All'))
        this.#context.currentTestId = idOfBlock(event.hook.parent);
    });
    for (const event of ['uncaughtException', 'unhandledRejection'])
      process.on(event, (error: unknown) => this.#unhandled.push(error));
  }

  capabilities(): { reloadEnvironment: boolean } {
    return { reloadEnvironment: true };
  }

  async dryRun(): Promise<DryRunResult> {
    const coverage: MutantCoverage = { static: {}, perTest: {} };
    this.#context.mutantCoverage = coverage;
    await this.#load({ code: true });
    const result = await this.#run();
    delete this.#context.mutantCoverage;
    if (result.status !== DryRunStatus.Complete) return result;
    return { ...result, mutantCoverage: { ...coverage, perTest: this.#withHooks(coverage.perTest) } };
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { activeMutant, testFilter, hitLimit, mutantActivation, reloadEnvironment } = options;
    this.#context.hitLimit = hitLimit;
    this.#context.hitCount = hitLimit === undefined ? undefined : 0;
    const activate = (): void => {
      this.#context.activeMutant = activeMutant.id;
      // Worker threads and processes of the tests read it here.
      process.env.__STRYKER_ACTIVE_MUTANT__ = activeMutant.id;
    };
    if (this.#runs++ % CHECKED_EVERY === CHECKED_EVERY - 1) await this.#checkWithoutMutant();
    if (mutantActivation === 'static') activate();
    await this.#load({ code: reloadEnvironment || this.#generation.code === 0 });
    activate();
    try {
      const result = await this.#run(testFilter === undefined ? undefined : new Set(testFilter));
      return toMutantRunResult(determineHitLimitReached(this.#context.hitCount, hitLimit) ?? result);
    } finally {
      delete this.#context.activeMutant;
      delete process.env.__STRYKER_ACTIVE_MUTANT__;
    }
  }

  async #checkWithoutMutant(): Promise<void> {
    await this.#load({ code: false });
    const result = await this.#run();
    const failed =
      result.status === DryRunStatus.Complete ? result.tests.filter(({ status }) => status === TestStatus.Failed) : [];
    if (failed.length > 0)
      throw new Error(
        `Without a mutant fails what earlier ones have touched: ${failed.map(({ id }) => id).join(', ')}`,
      );
  }

  async #load({ code }: { readonly code: boolean }): Promise<void> {
    this.#generation.tests++;
    if (code) this.#generation.code++;
    this.#loadError = undefined;
    this.#tests = new Map();
    this.#context.currentTestId = undefined;
    circus.resetState();
    circus.getState().testTimeout = TEST_TIMEOUT_MS;
    for (const file of this.#files) {
      // Each in a block of its own, so that its hooks run for its own tests only, and not at all where none of them is wanted.
      const state = circus.getState();
      let block = state.rootDescribeBlock;
      circus.describe(file, () => void (block = state.currentDescribeBlock));
      state.currentDescribeBlock = block;
      try {
        await import(pathToFileURL(file).href);
      } catch (error) {
        this.#loadError = error;
        return;
      } finally {
        state.currentDescribeBlock = state.rootDescribeBlock;
      }
      for (const entry of testsOf(block)) {
        const id = `${file}: ${nameOf(entry)}`;
        const twins = [...this.#tests.values()].filter((other) => other.id.replace(/ #\d+$/, '') === id).length;
        const skipped = entry.mode === 'skip' || entry.mode === 'todo' || isSkipped(entry.parent);
        this.#tests.set(entry, { id: twins === 0 ? id : `${id} #${twins}`, fileName: file, skipped });
      }
    }
  }

  /** Runs the tests, to the first failure when only some are wanted. */
  async #run(wanted?: ReadonlySet<string>): Promise<DryRunResult> {
    const results: TestResult[] = [];
    if (this.#loadError !== undefined) {
      const failureMessage = messageOf(this.#loadError);
      return {
        status: DryRunStatus.Complete,
        tests: [{ id: 'loading', name: 'loading', timeSpentMs: 0, status: TestStatus.Failed, failureMessage }],
      };
    }
    const isMutantRun = this.#context.activeMutant !== undefined;
    for (const [entry, { id, skipped }] of this.#tests) {
      const off = skipped || (wanted !== undefined && !wanted.has(id));
      Object.assign(entry, { errors: [], status: null, startedAt: null, invocations: 0, seenDone: false });
      entry.mode = off ? 'skip' : undefined;
    }
    circus.getState().unhandledErrors = [];
    this.#unhandled = [];
    const stopAtFailure: Parameters<typeof circus.addEventHandler>[0] = (event) => {
      if (event.name !== 'test_done' || !isMutantRun) return;
      if (event.test.errors.length > 0) for (const entry of this.#tests.keys()) entry.mode = 'skip';
    };
    circus.addEventHandler(stopAtFailure);
    try {
      await circus.run();
    } finally {
      circus.removeEventHandler(stopAtFailure);
    }
    for (const [entry, { id, fileName }] of this.#tests) {
      if (entry.status === 'skip' && entry.errors.length === 0) continue;
      const common = { id, name: nameOf(entry), fileName, timeSpentMs: entry.duration ?? 0 };
      results.push(
        entry.errors.length === 0
          ? { ...common, status: TestStatus.Success }
          : { ...common, status: TestStatus.Failed, failureMessage: entry.errors.map(messageOf).join('\n') },
      );
    }
    const outside = [circus.getState().unhandledErrors as unknown[], this.#unhandled].flat();
    if (outside.length > 0) {
      const failureMessage = outside.map(messageOf).join('\n');
      results.push({ id: 'outside', name: 'outside', timeSpentMs: 0, status: TestStatus.Failed, failureMessage });
    }
    return { status: DryRunStatus.Complete, tests: results };
  }

  /** What a hook before or after all tests of a block covers, each of them covers. */
  #withHooks(perTest: MutantCoverage['perTest']): MutantCoverage['perTest'] {
    return Object.fromEntries(
      [...this.#tests].map(([entry, { id }]) => {
        const covered = [perTest[id], ...blocksOf(entry).map((block) => perTest[idOfBlock(block)])];
        return [id, Object.assign({}, ...covered) as MutantCoverage['static']];
      }),
    );
  }
}

function testsOf(block: Block): Entry[] {
  return block.children.flatMap((child) => (child.type === 'test' ? [child] : testsOf(child)));
}

function blocksOf(entry: Entry): Block[] {
  const blocks: Block[] = [];
  for (let block: Block | undefined = entry.parent; block !== undefined; block = block.parent) blocks.push(block);
  return blocks;
}

function isSkipped(block: Block): boolean {
  return block.mode === 'skip' || (block.parent !== undefined && isSkipped(block.parent));
}

function nameOf(entry: Entry): string {
  // Without the root's block, and the file's.
  return [...blocksOf(entry).reverse().slice(2), entry].map(({ name }) => name).join(' ');
}

function idOfBlock(block: Block): string {
  return `hooks of ${block.parent === undefined ? '' : idOfBlock(block.parent)} ${block.name}`;
}

function messageOf(error: unknown): string {
  const first: unknown = Array.isArray(error) ? error[0] : error;
  return first instanceof Error ? (first.stack ?? first.message) : String(first);
}

function createRunner(injector: Injector<PluginContext>): InProcessRunner {
  const options = injector.resolve(commonTokens.options) as StrykerOptions & { inProcess: { files: string[] } };
  return new InProcessRunner(options.inProcess.files);
}
createRunner.inject = tokens(commonTokens.injector);

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'in-process', createRunner)];
