import { spawnSync } from 'node:child_process';

/** Whether a program is on the PATH of this machine. @param asked an option that it answers without doing anything */
export function hasProgram(program: string, asked = '--version'): boolean {
  return spawnSync(program, [asked], { stdio: 'ignore' }).status === 0;
}
