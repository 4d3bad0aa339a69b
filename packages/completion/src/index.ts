import type { Command } from 'commander';
import { bashScript, zshScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { placesOf, type Place } from './places.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const SCRIPTS: Readonly<Record<Shell, (program: string, places: readonly Place[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/**
 * The script that completes a program's commands, options and their choices in a shell, and files elsewhere. It holds all of
 * them, so nothing is started when a key is pressed; a program with other commands needs another script.
 *
 * @param program with all its commands, under the name by which it is started
 */
export function completionScript(program: Command, shell: Shell): string {
  return SCRIPTS[shell](program.name(), placesOf(program));
}
