import { groupBy } from '@cosmicai/payload';
import type { Place } from './places.ts';

/** For bash 3.2 and newer, without the package bash-completion. What has no words of its own is completed as files. */
export function bashScript(program: string, places: readonly Place[]): string {
  const name = `_${program.replaceAll(/\W/g, '_')}`;
  return `${name}() {
  local at='' before='' word offered='' i current="\${COMP_WORDS[COMP_CWORD]}"
  # The command reached, and the word before this one; bash makes a word of its own of the = in --option=value.
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    [[ "$word" == '=' ]] && continue
    case "$at $word" in
      ${arms(places.slice(1).map((place) => [[quoted(at(place))], 'at="$at $word"']))}
    esac
    before="$word"
  done
  [[ "$current" == '=' ]] && current=''
  case "$at|$before" in
    ${arms(places.flatMap(afterOptions))}
    *) case "$at|$current" in
      ${arms(places.flatMap(elsewhere))}
    esac ;;
  esac
  COMPREPLY=()
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$offered" -- "$current")
}
complete -o default -o bashdefault -F ${name} ${program}`;
}

/** The same, in the emulation of bash's completion that comes with zsh. */
export function zshScript(program: string, places: readonly Place[]): string {
  return `(( $+functions[compdef] )) || { autoload -U compinit && compinit; }
autoload -U bashcompinit && bashcompinit
${bashScript(program, places)}`;
}

/** Patterns of a `case`, quoted, and what is done for them. */
type Arm = readonly [patterns: readonly string[], does: string];

/** The value of an option: one of its choices, else nothing, so that files are offered. */
function afterOptions(place: Place): Arm[] {
  const takers = place.options.filter(({ takesValue }) => takesValue);
  const byChoices = groupBy(takers, ({ choices }) => offer(choices));
  return [...byChoices].map(([does, options]) => [
    options.flatMap(({ flags }) => flags.map((flag) => quoted(`${at(place)}|${flag}`))),
    does,
  ]);
}

/** What begins with a dash is an option, all else a command or an argument. */
function elsewhere(place: Place): Arm[] {
  const flags = place.options.flatMap(({ flags: [flag] }) => flag ?? []);
  const words = [...place.commands.map(({ name }) => name), ...place.choices];
  return [
    [[`${quoted(`${at(place)}|-`)}*`], offer(flags)],
    [[`${quoted(`${at(place)}|`)}*`], offer(words)],
  ];
}

/** The path as the script keeps it, each name after a space. */
function at({ path }: Place): string {
  return path.map((name) => ` ${name}`).join('');
}

function arms(all: readonly Arm[]): string {
  return all.map(([patterns, does]) => `${patterns.join('|')}) ${does} ;;`).join('\n      ');
}

function offer(words: readonly string[]): string {
  return `offered=${quoted(words.join(' '))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
