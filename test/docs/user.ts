import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { root } from './commands.ts';
import { python } from './tools.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Scripts of package.json that start a program of this repository, by their names. */
const scripts = Object.entries(
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts,
).flatMap(([name, script]) => {
  const [, file] = /^node (\S+\.ts)$/.exec(script) ?? [];
  return file === undefined ? [] : [[name, file] as const];
});

/** As in a clone: the files of training/ lie where the user stands. */
const ofThisRepository = `for word in "$@"; do
case "$word" in training/*.py) word='${root}'/"$word" ;; esac
set -- "$@" "$word"; shift
done
`;

const COSMICAI = `exec '${process.execPath}' '${join(root, 'packages/cli/src/main.ts')}'`;

/** What stands for the ways to start the command of this checkout. Other scripts are not started by the pages' commands. */
const PROGRAMS: Readonly<Record<string, string>> = {
  cosmicai: `${COSMICAI} "$@"`,
  pnpm: `case "$1" in
cosmicai) shift; ${COSMICAI} "$@" ;;
deploy:stage) shift; ${COSMICAI} deploy "$@" ;;
remove:stage) shift; ${COSMICAI} remove "$@" ;;
-C) cd '${root}'/"$2" && shift 3 && exec '${join(root, 'node_modules/.bin/sls')}' "$@" ;;
--filter) folder="\${2#@cosmicai/service-}"; cd '${root}'/services/"$folder" && exec '${process.execPath}' "$3.ts" ;;
${scripts.map(([name, file]) => `${name}) shift; exec '${process.execPath}' '${join(root, file)}' "$@" ;;`).join('\n')}
*) echo "the user of the tests has no script $1" >&2; exit 97 ;;
esac`,
  npm: `case "$1 $2" in
"start --") shift 2; ${COSMICAI} demo "$@" ;;
"run cosmicai") shift 3; ${COSMICAI} "$@" ;;
"test --") shift 2; exec '${process.execPath}' '${join(root, 'scripts/test.mjs')}' "$@" ;;
*) echo "the user of the tests has no npm $*" >&2; exit 97 ;;
esac`,
  ...(python !== undefined && {
    python: `${ofThisRepository}exec '${python}' "$@"`,
    torchrun: `${ofThisRepository}exec '${python}' -m torch.distributed.run "$@"`,
  }),
  npx: `[ "$1" = -y ] && shift
name="\${1%%@*}"; shift
exec "$name" "$@"`,
  // Of this repository, as in a clone, unless the folder has the file itself.
  node: `case "$1" in services/*|scripts/*|packages/*) file="${root}/$1"; shift; exec '${process.execPath}' "$file" "$@" ;; esac
exec '${process.execPath}' "$@"`,
};

const COMPILED = mkdtempSync(join(tmpdir(), 'cosmicai-docs-compiled-'));

/** Somebody at a shell in a new folder, which is their home too, with the programs of this machine and nothing set. */
export class User {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'cosmicai-docs-')));
  readonly #programs = mkdtempSync(join(tmpdir(), 'cosmicai-docs-programs-'));
  readonly #exports: string[] = [];

  constructor() {
    for (const [name, script] of Object.entries(PROGRAMS)) {
      const file = join(this.#programs, name);
      writeFileSync(file, `#!/bin/sh\n${script}\n`);
      chmodSync(file, 0o755);
    }
  }

  /** Writes what a page says is to be in a file. */
  write({ name, text: content }: { readonly name: string; readonly text: string }): void {
    const file = join(this.folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${content}\n`);
  }

  /** Newest name in a folder; undefined where there is none. Names of runs and executions begin with their time. */
  newest(folder: string): string | undefined {
    try {
      return readdirSync(join(this.folder, folder)).sort().at(-1);
    } catch {
      return undefined;
    }
  }

  /**
   * Types a line.
   *
   * @param until gets Ctrl-C, with all that it started, when it has printed this
   */
  async type(line: string, environment: Readonly<Record<string, string>> = {}, until?: string): Promise<Ended> {
    return await this.start(line, environment, until).ended;
  }

  start(line: string, environment: Readonly<Record<string, string>> = {}, until?: string) {
    const script = [...this.#exports, line].join('\n');
    if (line.startsWith('export ')) this.#exports.push(line);
    const child = spawn('bash', ['-o', 'pipefail', '-c', script], {
      cwd: this.folder,
      env: { ...this.#environment(), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const stop = () => void process.kill(-child.pid!, 'SIGINT');
    let printed = '';
    const watch = (chunk: Buffer) => {
      const before = printed;
      printed += chunk.toString();
      if (until !== undefined && printed.includes(until) && !before.includes(until)) stop();
    };
    child.stdout.on('data', watch);
    child.stderr.on('data', watch);
    const exit = once(child, 'close') as Promise<[number | null]>;
    const ended = Promise.all([exit, text(child.stdout), text(child.stderr)]).then(
      ([[code], stdout, stderr]): Ended => ({ code, stdout, stderr }),
    );
    return { ended, stop, printed: () => printed };
  }

  /** Removes what all have used. */
  static leaveAll(): void {
    rmSync(COMPILED, { recursive: true, force: true });
  }

  leave(): void {
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.#programs, { recursive: true, force: true });
  }

  #environment(): Record<string, string> {
    const kept = Object.entries(process.env).filter(([name]) => /^(LANG|LC_|TMPDIR|PYENV_)/.test(name));
    const path = (process.env.PATH ?? '').split(delimiter).filter((name) => !name.includes('node_modules'));
    return {
      ...(Object.fromEntries(kept) as Record<string, string>),
      HOME: this.folder,
      // In a clone stages are described in its own folder: this one stands for it where a page says what to write there.
      ...(existsSync(join(this.folder, 'config')) && { COSMICAI_STAGES: join(this.folder, 'config') }),
      PATH: [this.#programs, ...path].join(delimiter),
      // Commands start twice as fast by what others have compiled.
      NODE_COMPILE_CACHE: COMPILED,
      // As everywhere else, nobody is asked on 169.254.169.254.
      AWS_EC2_METADATA_DISABLED: 'true',
    };
  }
}
