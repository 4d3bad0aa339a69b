import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  MAIN,
  startCosmicai,
  startProgram,
  type CommandOptions,
  type Started,
} from '../../packages/cli/test/support/cosmicai.ts';
import { eventsIn, executionsIn } from '../../packages/cli/test/support/events.ts';
import { fileStore, type ObjectStore } from '../../packages/store/src/index.ts';
import { checkLeftObjects, type SeenEnd } from './invariants.ts';

/** Far more than any command takes on a machine that has much else to do. */
const HANGS_AFTER_MS = 180_000;
/** A process whose command is gone ends by itself, but not at once. */
const GONE_AFTER_MS = 20_000;
/** Where the file store writes what it then moves to its place. */
const UNFINISHED = '.cosmicai-store';

export interface End extends SeenEnd {
  readonly signal: NodeJS.Signals | null;
}

/** A command that is under way, or was. */
export interface Command {
  readonly pid: number;
  /** Whether it has ended by itself or by a signal. */
  readonly isOver: () => boolean;
  /** What it has printed on stdout when that first fits a pattern; undefined when it ends before. */
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray | undefined>;
  readonly ended: Promise<End>;
}

export type StartOptions = Partial<Pick<CommandOptions, 'environment' | 'fileBlocks'>>;

export interface SiteOptions {
  /** What the commands of all sites share: compiled code, and the verdicts on the models. */
  readonly shared: { readonly compiled: string; readonly ownFolder: string };
  /** Folder with `parts` and `model.onnx`, of which each site gets a copy. */
  readonly template: string;
  /** What its commands find in their environment beside what all find. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Folder in which results are written; default: that of the site. */
  readonly home?: string;
}

/**
 * A folder of one schedule: partitions in `parts`, a model, room for results, a folder for temporary files that nobody else
 * uses. Commands are typed in it.
 */
export class Site {
  readonly folder: string;
  readonly temporary: string;
  readonly home: string;
  readonly #environment: Readonly<Record<string, string>>;

  /** @param root a new folder */
  constructor(root: string, { shared, template, home, environment = {} }: SiteOptions) {
    this.folder = join(root, 'work');
    this.home = home ?? this.folder;
    this.temporary = join(root, 'tmp');
    const programs = join(root, 'bin');
    cpSync(template, this.folder, { recursive: true });
    cpSync(shared.ownFolder, this.temporary, { recursive: true });
    mkdirSync(programs);
    const cosmicai = join(programs, 'cosmicai');
    writeFileSync(cosmicai, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
    chmodSync(cosmicai, 0o755);
    this.#environment = {
      TMPDIR: this.temporary,
      PATH: `${programs}:${process.env.PATH ?? ''}`,
      NODE_COMPILE_CACHE: shared.compiled,
      ...environment,
    };
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** Where the results lie, as the commands see it. */
  get store(): ObjectStore {
    return fileStore(this.home);
  }

  /** A results folder as it is named on the command line. */
  results(name = 'results'): string {
    return this.home === this.folder ? name : join(this.home, name);
  }

  start(args: readonly string[], { environment = {}, ...limits }: StartOptions = {}): Command {
    const started = startCosmicai(args, {
      ...limits,
      cwd: this.folder,
      environment: { ...this.#environment, ...environment },
    });
    return this.#watched(started);
  }

  run(args: readonly string[], options: StartOptions = {}): Promise<End> {
    return this.start(args, options).ended;
  }

  /** Types a line as it was printed. */
  type(line: string, environment: Readonly<Record<string, string>> = {}): Promise<End> {
    const shell = startProgram(['/bin/sh', '-c', line], {
      cwd: this.folder,
      environment: { ...this.#environment, ...environment },
    });
    return this.#watched(shell).ended;
  }

  /** What functions must be told so that they count as of this site. */
  get environment(): Readonly<Record<string, string>> {
    return this.#environment;
  }

  /** Commands that don't end are ended, with all that they began, and told of as hanging. */
  #watched({ process: child, ended }: Started): Command {
    let hung = false;
    const timer = setTimeout(() => {
      hung = true;
      this.endAll();
    }, HANGS_AFTER_MS);
    let stdout = '';
    child.stdout?.on('data', (text: string) => (stdout += text));
    const isOver = () => child.exitCode !== null || child.signalCode !== null;
    return {
      pid: child.pid ?? NaN,
      isOver,
      says: async (pattern) => {
        for (;;) {
          const found = pattern.exec(stdout);
          if (found !== null || isOver()) return found ?? undefined;
          await sleep(5);
        }
      },
      ended: ended.then((end) => {
        clearTimeout(timer);
        return { ...end, signal: child.signalCode, hung };
      }),
    };
  }

  /** Folders of the executions below a results folder, oldest first; those that never began have nothing to go on with. */
  executions(results = 'results'): string[] {
    return executionsIn(join(this.home, results))
      .sort()
      .filter((directory) => existsSync(join(directory, 'run.json')));
  }

  /** Folders of the runs below a results folder, oldest first. */
  runFolders(results = 'results'): string[] {
    const runs = join(this.home, results, 'runs');
    return existsSync(runs)
      ? readdirSync(runs)
          .sort()
          .map((name) => join(runs, name))
      : [];
  }

  /** Waits until the newest execution has told so many events, then for a while; false when the command was over before. */
  async reaches(command: Command, { event, delayMs }: Moment, results = 'results'): Promise<boolean> {
    for (;;) {
      if (command.isOver()) return false;
      const directory = this.executions(results).at(-1);
      if (directory !== undefined && eventsIn(directory).length >= event) break;
      await sleep(1);
    }
    await sleep(delayMs);
    return !command.isOver();
  }

  /** Processes that commands of this site began and that are still there, by what they were told of temporary files. */
  processes(): number[] {
    if (!existsSync('/proc/self/environ')) return [];
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => readIfThere(`/proc/${pid}/environ`).includes(`TMPDIR=${this.temporary}\0`))
      .filter((pid) => !/^State:\s+[ZX]/m.test(readIfThere(`/proc/${pid}/status`)))
      .map(Number);
  }

  /** Ends what is still there, stopped or not. */
  endAll(): void {
    for (const pid of this.processes()) signal(pid, 'SIGKILL');
  }

  /** Processes that don't end by themselves, and temporary files, a sentence each. */
  async checkLeftProcesses(patienceMs = GONE_AFTER_MS): Promise<string[]> {
    const until = Date.now() + patienceMs;
    while (this.processes().length > 0 && Date.now() < until) await sleep(20);
    return this.processes().map((pid) => {
      const command = readIfThere(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
      return `process ${pid} was left behind: ${command}`;
    });
  }

  /**
   * What a writer left that was killed is removed a day later, by whoever writes there next. Lets the day pass, and writes.
   */
  async nextDay(): Promise<void> {
    const unfinished = join(this.home, UNFINISHED);
    const yesterday = Date.now() / 1000 - 25 * 60 * 60;
    if (!existsSync(unfinished)) return;
    for (const name of readdirSync(unfinished)) utimesSync(join(unfinished, name), yesterday, yesterday);
    await this.store.put('next-day', '');
    await this.store.delete('next-day');
  }

  /** What commands that ended by themselves have left beside their results. */
  async checkLeftovers(results = 'results'): Promise<string[]> {
    const temporary = readdirSync(this.temporary).filter((name) => !/^cosmicai-(\d+|user)$/.test(name));
    const unfinished = readdirSync(this.home).filter((name) => name === UNFINISHED);
    return [
      ...(await this.checkLeftProcesses()),
      ...temporary.map((name) => `${name} was left among the temporary files`),
      ...unfinished.map(
        (name) => `${name} was left with unfinished files: ${readdirSync(join(this.home, name)).join(', ')}`,
      ),
      ...(await checkLeftObjects(this.store, results)),
    ];
  }

  /** Keeps all of the site as it is now, times too. */
  kept(): { putBack(): void } {
    const root = join(this.folder, '..');
    const aside = `${root}-kept`;
    const copy = (from: string, to: string) => execFileSync('cp', ['-a', from, to]);
    copy(root, aside);
    return {
      putBack: () => {
        rmSync(root, { recursive: true });
        renameSync(aside, root);
      },
    };
  }

  remove(): void {
    this.endAll();
    rmSync(join(this.folder, '..'), { recursive: true, force: true });
  }
}

/** When something is done to a run: after so many of its events, and a while. */
export interface Moment {
  readonly event: number;
  readonly delayMs: number;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** @returns false when there is no such process any more */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
