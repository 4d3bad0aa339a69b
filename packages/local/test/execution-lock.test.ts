import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { executionOwner, ExecutionLockedError, lockExecution } from '../src/index.ts';

const now = new Date('2026-03-04T05:06:07Z');
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'cosmicai-lock-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const file = () => join(folder, 'lock.json');
const own = () => JSON.parse(readFileSync(file(), 'utf8')) as Record<string, unknown>;
const givenLock = (fields: object) =>
  writeFileSync(file(), JSON.stringify({ ...fields, started_at: now.toISOString() }));

/** The number of a process that is no more. */
async function pidOfTheDead(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid!;
}

describe('the lock of an execution', () => {
  it('names its owner to a second one, and is gone when it was given back', () => {
    const unlock = lockExecution(folder, now);
    expect(() => lockExecution(folder, now)).toThrow(ExecutionLockedError);
    expect(() => lockExecution(folder, now)).toThrow(
      `is under way: process ${process.pid} on ${hostname()} has been at it since 2026-03-04T05:06:07.000Z`,
    );
    expect(executionOwner(folder)).toMatchObject({ pid: process.pid });
    unlock();
    expect(existsSync(file())).toBe(false);
    expect(executionOwner(folder)).toBeUndefined();
    lockExecution(folder, now)();
  });

  it('is taken over from a process that is gone, and from another one that has got its number', async () => {
    givenLock({ pid: await pidOfTheDead(), host: hostname(), process: null });
    expect(executionOwner(folder)).toBeUndefined();
    lockExecution(folder, now)();
    givenLock({ pid: process.pid, host: hostname(), process: 'another-boot 123' });
    lockExecution(folder, now)();
    expect(existsSync(file())).toBe(false);
  });

  it('of another machine holds as long as it is touched', () => {
    givenLock({ pid: 1, host: `not-${hostname()}`, process: null });
    expect(() => lockExecution(folder, now)).toThrow(ExecutionLockedError);
    const long = (Date.now() - 61_000) / 1000;
    utimesSync(file(), long, long);
    const unlock = lockExecution(folder, now);
    expect(own()).toMatchObject({ pid: process.pid, host: hostname() });
    unlock();
  });

  it('is not taken from who has taken it over in the meantime', () => {
    const unlock = lockExecution(folder, now);
    givenLock({ pid: 1, host: `not-${hostname()}`, process: null });
    unlock();
    expect(own()).toMatchObject({ pid: 1 });
  });

  it('that was cut off while it was written counts for nothing', () => {
    writeFileSync(file(), '');
    lockExecution(folder, now)();
  });
});
