import type { CompletedOption, Place } from './places.ts';

/** For fish 3 and newer, with the descriptions of the help. What has no words of its own is completed as files. */
export function fishScript(program: string, places: readonly Place[]): string {
  const reached = `__${program.replaceAll(/\W/g, '_')}_at`;
  const paths = places.flatMap(({ path }) => (path.length === 0 ? [] : [quoted(path.join(' '))]));
  return `function ${reached}
  set -l at
  for word in (commandline -opc)[2..-1]
    contains -- (string join ' ' -- $at $word) ${paths.join(' ')}; and set -a at $word
  end
  test "$at" = "$argv"
end
${places.flatMap((place) => linesOf(place).map((line) => `complete -c ${program} -n ${quoted([reached, ...place.path].join(' '))} ${line}`)).join('\n')}`;
}

function linesOf({ commands, options, choices }: Place): string[] {
  return [
    ...commands.map(({ name, description }) => `-f -a ${quoted(name)} -d ${quoted(description)}`),
    ...choices.map((word) => `-f -a ${quoted(word)} -d ''`),
    ...options.map((option) =>
      [...option.flags.map(flagOf), ...valueOf(option), '-d', quoted(option.description)].join(' '),
    ),
  ];
}

function flagOf(flag: string): string {
  return flag.startsWith('--') ? `-l ${quoted(flag.slice(2))}` : `-s ${quoted(flag.slice(1))}`;
}

function valueOf({ takesValue, choices }: CompletedOption): string[] {
  if (!takesValue) return [];
  return choices.length === 0 ? ['-r'] : ['-x', '-a', quoted(choices.join(' '))];
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}
