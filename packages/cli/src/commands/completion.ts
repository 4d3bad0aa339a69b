import { completionScript, SHELLS, type Shell } from '@cosmicai/completion';
import { Argument, Command } from 'commander';
import { printBlock, type Terminal } from '../output/terminal.ts';

export function completionCommand(terminal: Terminal): Command {
  return new Command('completion')
    .description('Prints the script that completes commands, options and their values in your shell; files elsewhere.')
    .addArgument(new Argument('<shell>', 'your shell').choices(SHELLS))
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai completion bash > ~/.cosmicai.bash    # and "source ~/.cosmicai.bash" in ~/.bashrc\n  cosmicai completion zsh > ~/.cosmicai.zsh      # and "source ~/.cosmicai.zsh" in ~/.zshrc\n  cosmicai completion fish > ~/.config/fish/completions/cosmicai.fish\n',
    )
    .action((shell: Shell, _options: object, { parent: program }: Command) => {
      if (program !== null) printBlock(terminal.stdout, completionScript(program, shell));
    });
}
