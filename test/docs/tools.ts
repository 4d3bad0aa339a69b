/** Programs that pages name and machines may lack. */
import { spawnSync } from 'node:child_process';
import { torchPython } from '../torch-python.ts';
import { wordsOf } from './commands.ts';

/** What the scripts of training/ import, together. */
const MODULES = 'torch, numpy, scipy, astropy, matplotlib, onnxruntime';

/** The Python that has all that training/ needs, the one that COSMICAI_PYTHON names or python3; undefined where there is none. */
export const python = torchPython(MODULES);

/** Why a line can't be run on this machine; undefined where nothing is missing. */
export function whyNoTool(line: string): string | undefined {
  const [program = ''] = wordsOf(line);
  if (/^(python|torchrun)|^COSMICAI_PYTHON=|training\/runs/.test(line) && python === undefined)
    return `there is no Python with ${MODULES}`;
  if (!/^(aws|docker|pip)$/.test(program) || isHere(program)) return undefined;
  return program === 'docker' ? 'no Docker engine answers' : `${program} is not on the PATH`;
}

function isHere(program: string): boolean {
  // The client alone can do nothing.
  const asked = program === 'docker' ? ['version'] : ['--version'];
  return spawnSync(program, asked, { stdio: 'ignore' }).status === 0;
}
