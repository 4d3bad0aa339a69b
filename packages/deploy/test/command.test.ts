import { EnvironmentError } from '@cosmicai/payload';
import { command } from '../src/stage/run-stacks.ts';

const cwd = import.meta.dirname;
const { signal } = new AbortController();

it('a command that fails is named, with where it ran and how it ended', async () => {
  const failing = command('sh', ['-c', 'exit 3'], { cwd, signal });
  await expect(failing).rejects.toThrow(EnvironmentError);
  await expect(failing).rejects.toThrow(`"sh -c exit 3" in ${cwd} ended with exit code 3.`);
});

it('a command reads the input that it is given', async () => {
  await command('sh', ['-c', 'read word && test "$word" = secret'], { cwd, signal, input: 'secret\n' });
});

it('a command ends with the signal, and none begins after it', async () => {
  const ending = new AbortController();
  const running = command('sleep', ['600'], { cwd, signal: ending.signal });
  ending.abort();
  await expect(running).rejects.toThrow('ended with SIGTERM');
  await expect(command('true', [], { cwd, signal: ending.signal })).rejects.toThrow();
});
