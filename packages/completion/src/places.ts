import type { Command } from 'commander';

/** What may follow a command: where in a program somebody is who has typed so many of its names. */
export interface Place {
  /** Names of the command and those above it, without the program's own; empty for the program. */
  readonly path: readonly string[];
  readonly commands: readonly Named[];
  readonly options: readonly CompletedOption[];
  /** Words that its arguments may be; elsewhere they are files, or anything. */
  readonly choices: readonly string[];
}

export interface Named {
  readonly name: string;
  readonly description: string;
}

export interface CompletedOption {
  /** `--data`, `-d` */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  /** Words that its value may be, where they are known. */
  readonly choices: readonly string[];
}

/** The program and all its commands, as their help shows them, outer ones first. */
export function placesOf(command: Command, path: readonly string[] = []): Place[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command);
  const own: Place = {
    path,
    commands: children.map((child) => ({ name: child.name(), description: child.summary() || child.description() })),
    options: help.visibleOptions(command).map((option) => ({
      flags: [option.long, option.short].filter((flag) => flag !== undefined),
      description: option.description,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    })),
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  };
  return [own, ...children.flatMap((child) => placesOf(child, [...path, child.name()]))];
}
