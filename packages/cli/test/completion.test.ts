import { execFileSync } from 'node:child_process';
import { cosmicai } from './support/in-process.ts';

/** What a real bash offers after the script that the command prints. */
function offered(script: string, ...words: string[]): string[] {
  const line = `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cosmicai; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ['--norc', '-c', line, 'bash', 'cosmicai', ...words];
  return execFileSync('bash', args, { encoding: 'utf8' }).trim().split('\n');
}

describe('cosmicai completion', () => {
  it('prints a script with which bash completes commands, options and their values', async () => {
    const { code, stdout, stderr } = await cosmicai('completion', 'bash');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { stdout: help } = await cosmicai('--help');
    for (const command of offered(stdout, '')) expect(help).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
    expect(offered(stdout, 'comp')).toEqual(['completion']);
    expect(offered(stdout, 'run', '--tar')).toEqual(['--target']);
    expect(offered(stdout, 'run', '--data', 'partitions', '--target', '')).toEqual(['local', 'aws']);
    expect(offered(stdout, 'model', 'import', '--weights', 'fp1')).toEqual(['fp16']);
  });

  it.each(['zsh', 'fish'])('knows all commands for %s too', async (shell) => {
    const { code, stdout } = await cosmicai('completion', shell);
    expect(code).toBe(0);
    expect(stdout).toContain('model import');
    expect(stdout).toContain('fp16');
  });

  it('says which shells it knows', async () => {
    const { code, stderr } = await cosmicai('completion', 'csh');
    expect(code).toBe(2);
    expect(stderr).toContain('Allowed choices are bash, zsh, fish.');
  });
});
