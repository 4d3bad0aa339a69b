/** Programs that pages name and machines may lack. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, wordsOf } from './commands.ts';

const named = process.env.COSMICAI_PYTHON ?? 'python3';

/** The Python that COSMICAI_PYTHON names, or python3; undefined where there is none. */
export const python = isHere(named) ? named : undefined;

/** Lines that name no script of Python but need what one needs: they start it, or take what it has made. */
const SCRIPT_OF: readonly (readonly [RegExp, string])[] = [
  [/\bpnpm bench:inference\b/, 'training/infer_pytorch.py'],
  [/\bmv training\/runs\//, 'training/finetune.py'],
];

/** Why a line can't be run on this machine; undefined where nothing is missing. */
export function whyNoTool(line: string): string | undefined {
  const [program = ''] = wordsOf(line);
  const script = /\b(?:training|packages)\/\S+\.py\b/.exec(line)?.[0] ?? SCRIPT_OF.find(([of]) => of.test(line))?.[1];
  if (script !== undefined) return whyNoPython(script);
  if (!/^(aws|pip)$/.test(program) || isHere(program)) return undefined;
  return `${program} is not on the PATH`;
}

function whyNoPython(script: string): string | undefined {
  if (python === undefined) return `there is no ${named}`;
  const find = 'import importlib.util, sys; print(*(m for m in sys.argv[1:] if importlib.util.find_spec(m) is None))';
  const { stdout } = spawnSync(python, ['-c', find, ...importsOf(script)], { encoding: 'utf8' });
  return stdout.trim() === '' ? undefined : `${named} has no ${stdout.trim().replaceAll(' ', ', ')}`;
}

/** The modules that a script imports, and those of this repository that it imports, wherever in them. */
function importsOf(script: string, seen = new Set<string>()): Set<string> {
  for (const [, module] of readFileSync(join(root, script), 'utf8').matchAll(/^\s*(?:import|from) (\w+)/gm)) {
    const files = [dirname(script), 'training', 'training/golden'].map((folder) => join(folder, `${module!}.py`));
    const own = files.find((file) => existsSync(join(root, file)));
    if (own === undefined) seen.add(module!);
    else if (own !== script) importsOf(own, seen);
  }
  return seen;
}

function isHere(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}
