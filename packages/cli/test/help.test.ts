import { cosmicai } from './support/in-process.ts';

/** The commands that a list of commands names. */
function listed(help: string): string[] {
  const [, list = ''] = help.split('\nCommands:\n');
  return [...list.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name]) => name!).filter((name) => name !== 'help');
}

describe('help', () => {
  it('lists every command, each of which explains itself with an example', async () => {
    const { code, stdout } = await cosmicai('--help');
    expect(code).toBe(0);
    const names = listed(stdout);
    expect(names.length).toBeGreaterThan(15);
    for (const name of names) {
      // Its help is the server's own, from a process of its own.
      if (name === 'rendezvous') continue;
      const help = await cosmicai(name, '--help');
      expect(help).toMatchObject({ code: 0, stderr: '' });
      expect(help.stdout).toContain(`Usage: cosmicai ${name} `);
      for (const inner of listed(help.stdout)) {
        expect((await cosmicai(name, inner, '--help')).stdout).toMatch(/\nExamples?:\n {2}cosmicai /);
      }
      if (listed(help.stdout).length === 0) expect(help.stdout).toMatch(/\nExamples?:\n {2}cosmicai /);
    }
  });

  it('of every command that takes an s3:// address says how its bucket may be asked', async () => {
    const names = listed((await cosmicai('--help')).stdout).filter((name) => name !== 'rendezvous');
    let reading = 0;
    const check = (help: string) => {
      if (!help.includes('s3://')) return;
      reading++;
      expect(help).toMatch(/--request-payer[^]*--no-sign-request/);
    };
    for (const name of names) {
      const { stdout } = await cosmicai(name, '--help');
      const inner = listed(stdout);
      if (inner.length === 0) check(stdout);
      for (const part of inner) check((await cosmicai(name, part, '--help')).stdout);
    }
    expect(reading).toBeGreaterThan(9);
  });

  it('is the same in both spellings', async () => {
    expect((await cosmicai('help', 'status')).stdout).toBe((await cosmicai('status', '--help')).stdout);
  });

  it('is what a misspelt command gets', async () => {
    const { code, stderr } = await cosmicai('satus');
    expect(code).toBe(2);
    expect(stderr).toContain("unknown command 'satus'");
    expect(stderr).toContain('Did you mean status?');
  });
});
