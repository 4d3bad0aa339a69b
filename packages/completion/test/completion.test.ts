import { execFileSync } from 'node:child_process';
import { Argument, Command, Option } from 'commander';
import { completionScript } from '../src/index.ts';

const program = new Command('my-tool')
  .addCommand(
    new Command('pack')
      .summary("pack a folder's files")
      .addOption(new Option('-f, --format <kind>', 'of the archive').choices(['zip', 'tar']))
      .option('--fast', "don't compress")
      .option('-o, --out <file>', 'where to'),
  )
  .addCommand(
    new Command('model')
      .addCommand(new Command('show').addArgument(new Argument('<part>').choices(['head', 'body'])))
      .addCommand(new Command('pack').option('--only-weights', 'leave out the rest')),
  );

/** What a real bash offers for a line whose last word, which may be empty, is being typed. */
function offered(...words: string[]): string[] {
  const typed = ['my-tool', ...words];
  const script = `${completionScript(program, 'bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _my_tool
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const shown = execFileSync('bash', ['--norc', '-eu', '-c', script, 'bash', ...typed], { encoding: 'utf8' });
  return shown.split('\n').filter((word) => word !== '');
}

describe('in bash', () => {
  it('completes commands', () => {
    expect(offered('')).toEqual(['pack', 'model', 'help']);
    expect(offered('mo')).toEqual(['model']);
    expect(offered('model', '')).toEqual(['show', 'pack', 'help']);
  });

  it('completes the options of the command reached', () => {
    expect(offered('pack', '--f')).toEqual(['--format', '--fast']);
    expect(offered('pack', '--fast', 'folder', '--o')).toEqual(['--out']);
    expect(offered('model', 'pack', '--o')).toEqual(['--only-weights']);
    expect(offered('--')).toEqual(['--help']);
  });

  it.each([[['--format']], [['-f']], [['--format', '=']]])('completes choices after %j', (option) => {
    expect(offered('pack', ...option, '')).toEqual(['zip', 'tar']);
    expect(offered('pack', ...option, 't')).toEqual(['tar']);
  });

  it('completes choices right behind the =', () => {
    expect(offered('pack', '--format', '=')).toEqual(['zip', 'tar']);
  });

  it('completes the choices of arguments', () => {
    expect(offered('model', 'show', 'h')).toEqual(['head']);
  });

  it('leaves the value of any other option, and other arguments, to the names of files', () => {
    expect(offered('pack', '--out', '')).toEqual([]);
    expect(offered('pack', '-o', 'p')).toEqual([]);
    expect(offered('pack', '')).toEqual([]);
    const script = `${completionScript(program, 'bash')}\ncomplete -p my-tool`;
    expect(execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8' })).toContain('-o default');
  });

  it('runs nothing of what stands on the line', () => {
    expect(offered('pack', '$(echo --fast >&2; exit 7)', '`exit 7`', '--fa')).toEqual(['--fast']);
  });
});

describe('in fish', () => {
  it('tells descriptions, and which options take what', () => {
    const lines = completionScript(program, 'fish').split('\n');
    expect(lines).toContain(`complete -c my-tool -n '__my_tool_at' -f -a 'pack' -d 'pack a folder\\'s files'`);
    expect(lines).toContain(
      `complete -c my-tool -n '__my_tool_at pack' -l 'format' -s 'f' -x -a 'zip tar' -d 'of the archive'`,
    );
    expect(lines).toContain(`complete -c my-tool -n '__my_tool_at pack' -l 'out' -s 'o' -r -d 'where to'`);
    expect(lines).toContain(`complete -c my-tool -n '__my_tool_at model show' -f -a 'head' -d ''`);
  });
});

describe('in zsh', () => {
  it("is bash's, in zsh's emulation of it", () => {
    const script = completionScript(program, 'zsh');
    expect(script).toContain('bashcompinit');
    expect(script.endsWith(completionScript(program, 'bash'))).toBe(true);
  });
});
