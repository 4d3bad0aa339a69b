import { shellWord } from '@cosmicai/payload';

/** Commands by which people go on with an execution, as they are typed. */

/** Goes on with it. */
export function resumeCommand(directory: string): string {
  return `cosmicai run --resume ${shellWord(directory)}`;
}

/** Goes on with it and takes inputs that have changed as they are. */
export function acceptCommand(directory: string): string {
  return `${resumeCommand(directory)} --accept-changed`;
}

/** Begins another run of the same, where it can't go on. */
export function againCommand(directory: string): string {
  return `cosmicai run --again ${shellWord(directory)}`;
}
