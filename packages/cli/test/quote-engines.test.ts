import { cosmicai } from './support/in-process.ts';

const quote = (...args: string[]) => cosmicai('quote', '--files', '4', '--file-samples', '1000', ...args);

describe('quotes by engine', () => {
  it('are of tasks as array writes them', async () => {
    const { code, stdout } = await quote('--engine', 'batch', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ engine: 'batch', ranks: 4, coresAtOnce: 8, memory: { configuredMb: 3840 } },
      calibration: expect.stringContaining('30 s until a task') as string,
    });
    const slurm = await quote('--engine', 'slurm', '--cpus', '16', '--memory', '65536', '--core-hour-usd', '0.03');
    expect(slurm).toMatchObject({ code: 0, stderr: '' });
    expect(slurm.stdout).toMatch(/tasks at once +4, 64 cores\n.*core-hours[^]*\nbill +[\d.]+ USD/);
    expect((await quote('--engine', 'kubernetes')).stdout).not.toMatch(/^bill/m);
  });

  it.each([
    [['--engine', 'batch', '--memory', '2048'], '--memory 4096 to 16384 in steps of 1024'],
    [['--engine', 'slurm', '--stage', 'dev'], '--stage is of --engine lambda, not of slurm'],
    [['--engine', 'batch', '--core-hour-usd', '1'], '--core-hour-usd is of --engine kubernetes, slurm, not of batch'],
    [['--cpus', '2'], '--cpus is of --engine batch, kubernetes, slurm, not of lambda'],
    [['--engine', 'kubernetes', '--capacity', 'spot'], '--capacity is of --engine batch, not of kubernetes'],
  ])('refuse what their engine has not: %j', async (args, message) => {
    const { code, stderr } = await quote(...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});
