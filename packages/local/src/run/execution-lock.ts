import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { EnvironmentError, formatField, parseJsonAs, withFormat } from '@cosmicai/payload';
import { z } from 'zod';

const FILE = 'lock.json';
/** Its holder touches the file so often; for who can't see the process, being on another machine. */
const BEAT_MS = 10_000;
const SILENT_MS = 60_000;

const lockSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  started_at: z.iso.datetime(),
  /** Tells the process from a later one with its number, and this run of the machine from the next; null where unknown. */
  process: z.string().nullable(),
  format: formatField,
});

/** Who works in the folder of an execution. */
export type ExecutionOwner = z.output<typeof lockSchema>;

/** Somebody is at work in the folder of an execution. */
export class ExecutionLockedError extends EnvironmentError {
  readonly owner: ExecutionOwner;

  constructor(path: string, owner: ExecutionOwner) {
    const { pid, host, started_at } = owner;
    super(
      `The execution in ${path} is under way: process ${pid} on ${host} has been at it since ${started_at}. Wait for it, or end it (kill ${pid}).`,
    );
    this.owner = owner;
  }
}

/**
 * Locks the folder of an execution for this process. The lock of a process that is gone is taken over.
 *
 * @returns gives it back
 * @throws ExecutionLockedError
 */
export function lockExecution(path: string, now: Date): () => void {
  const file = join(path, FILE);
  const mine = `${JSON.stringify(withFormat({ ...ourselves(), started_at: now.toISOString() }), null, 2)}\n`;
  while (!made(file, mine)) {
    const owner = executionOwner(path);
    if (owner !== undefined) throw new ExecutionLockedError(path, owner);
    removeStale(path, file);
  }
  const beat = setInterval(() => touch(file), BEAT_MS);
  beat.unref();
  return () => {
    clearInterval(beat);
    if (read(file) === mine) rmSync(file, { force: true });
  };
}

/** Who works in the folder of an execution now; undefined when nobody does, though a lock may have been left behind. */
export function executionOwner(path: string): ExecutionOwner | undefined {
  const file = join(path, FILE);
  const text = read(file);
  if (text === undefined || text === '') return undefined;
  const owner = parseJsonAs(lockSchema, text, file);
  return isAlive(owner, file) ? owner : undefined;
}

function isAlive({ pid, host, process: named }: ExecutionOwner, file: string): boolean {
  if (host !== hostname()) return Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) < SILENT_MS;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // A process of somebody else, which may not be asked, is one.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return named === null || named === processName(pid);
}

function ourselves(): Omit<ExecutionOwner, 'started_at'> {
  return { pid: process.pid, host: hostname(), process: processName(process.pid) };
}

/** When a process began in this run of the machine, as Linux says it; null elsewhere. */
function processName(pid: number): string | null {
  const boot = read('/proc/sys/kernel/random/boot_id')?.trim();
  // The second field, a name in brackets, may hold anything; the 22nd is the start.
  const start = read(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ')[19];
  return boot === undefined || start === undefined ? null : `${boot} ${start}`;
}

function made(file: string, text: string): boolean {
  // Written aside and linked, so that nobody ever reads half of it.
  const aside = `${file}.${randomUUID()}`;
  writeFileSync(aside, text, { flag: 'wx' });
  try {
    linkSync(aside, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Of several who find a stale lock one moves it away; who has moved one that lives in the meantime puts it back. */
function removeStale(path: string, file: string): void {
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    const text = read(aside) ?? '';
    const owner = text === '' ? undefined : parseJsonAs(lockSchema, text, file);
    if (owner !== undefined && isAlive(owner, aside)) {
      linkSync(aside, file);
      throw new ExecutionLockedError(path, owner);
    }
  } finally {
    rmSync(aside, { force: true });
  }
}

function touch(file: string): void {
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch {
    // Whoever removed it had a reason: the run goes on, and others may come.
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
