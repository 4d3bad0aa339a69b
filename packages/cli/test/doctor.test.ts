import { printedJson, Workspace } from './support/workspace.ts';

let workspace: Workspace;
beforeAll(async () => {
  workspace = new Workspace();
  await workspace.survey('parts', { count: 8, files: 2 });
});
afterAll(() => workspace.remove());

describe('a reader that has seen enough', () => {
  it('is no error of the command', async () => {
    const { process: command, ended } = workspace.start(['doctor', '--json']);
    command.stdout!.destroy();
    expect(await ended).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});

describe('cosmicai doctor', () => {
  it('checks what it is asked to, and says what it left out', async () => {
    const end = await workspace.cosmicai(['doctor', '--store', 'parts', '--json']);
    expect(end.code).toBe(0);
    const findings = printedJson(end) as { check: string; state: string; detail: string }[];
    expect(findings.map(({ check, state }) => [check, state])).toEqual([
      ['Node', 'ok'],
      ['disk', 'ok'],
      ['model', 'ok'],
      ['store', 'ok'],
      ['rendezvous', 'off'],
      ['AWS', 'off'],
    ]);
    expect(findings[3]!.detail).toContain('1.pt');
  });

  it('answers 1 when a check fails, and goes on with the others', async () => {
    const end = await workspace.cosmicai([
      'doctor',
      '--store',
      'gone',
      '--rendezvous',
      '127.0.0.1:1',
      '--model',
      'no.onnx',
    ]);
    expect(end.code).toBe(1);
    expect(end.stdout).toMatch(/^model +failed +There is no model file .*no\.onnx/m);
    expect(end.stdout).toMatch(/^store +failed +There is no folder .*gone/m);
    expect(end.stdout).toMatch(/^rendezvous +failed +127\.0\.0\.1:1 can't be reached: .*ECONNREFUSED/m);
    expect(end.stdout).toMatch(/^Node +ok +v\d/m);
  });
});
