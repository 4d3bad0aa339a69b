import { closeSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RunDirectoryError } from '../src/index.ts';
import { appendWhole } from '../src/run/append.ts';
import { rankFunctions, Workspace } from './workspace.ts';

const linux = process.platform === 'linux' ? describe : describe.skip;

let workspace: Workspace;
beforeEach(() => (workspace = new Workspace()));
afterEach(() => workspace.remove());

const definition = {
  StartAt: 'Wait',
  States: {
    Wait: { Type: 'Wait', Seconds: 1, Next: 'Check' },
    Check: { Type: 'Task', Resource: 'arn:aws:lambda:us-east-1:123456789012:function:check', End: true },
  },
};
const path = (...names: string[]) => join(workspace.runDirectory, ...names);

linux('a run whose folder takes no more', () => {
  it.each(['events.jsonl', 'reports.log', 'result.json'])('ends with the reason when %s is full', async (name) => {
    mkdirSync(workspace.runDirectory);
    symlinkSync('/dev/full', path(name));
    const run = workspace.run({ definition });
    await expect(run).rejects.toThrow(RunDirectoryError);
    await expect(run).rejects.toThrow(
      `The run can't be written to ${workspace.runDirectory}: the disk is full (ENOSPC). Free some space.`,
    );
  });

  it('begins nothing after an event that is lost, and goes on from before it', async () => {
    mkdirSync(workspace.runDirectory);
    symlinkSync('/dev/full', path('events.jsonl'));
    await expect(workspace.run({ definition })).rejects.toThrow(RunDirectoryError);
    expect(workspace.calls()).toEqual([]);

    rmSync(path('events.jsonl'));
    const resumed = await workspace.run({ definition, resume: true });
    expect(resumed.status).toBe('SUCCEEDED');
    expect(workspace.calls()).toEqual(['check']);
  });

  it('has not begun, and is not locked, where its first files are lost', async () => {
    mkdirSync(workspace.runDirectory);
    symlinkSync('/dev/full', path('run.json.partial'));
    await expect(workspace.run({ definition })).rejects.toThrow('the disk is full');
    rmSync(path('run.json.partial'));
    expect((await workspace.run({ definition, functions: rankFunctions })).status).toBe('SUCCEEDED');
  });
});

describe('appendWhole', () => {
  it('adds lines of any length', () => {
    writeFileSync(join(workspace.folder, 'log'), 'a\n');
    const file = openSync(join(workspace.folder, 'log'), 'a');
    const long = `${'é'.repeat(100_000)}\n`;
    appendWhole(file, long);
    appendWhole(file, 'b\n');
    closeSync(file);
    expect(readFileSync(join(workspace.folder, 'log'), 'utf8')).toBe(`a\n${long}b\n`);
  });
});
