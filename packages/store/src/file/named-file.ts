import { randomBytes } from 'node:crypto';
import { createWriteStream, existsSync, lstatSync, rmSync, type Stats } from 'node:fs';
import { lstat, open, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CosmicError, EnvironmentError, UserInputError } from '@cosmicai/payload';
import { codeOf } from './file-errors.ts';
import { makeFolder } from './make-folder.ts';
import { whyRefused } from './why-refused.ts';

const ROOT = 0;

/** Unfinished files of this process. */
const begun = new Set<string>();

/** Removes at once what `beginFile` began, for a process that is about to be gone without another word. */
export function removeBegunFiles(): void {
  for (const path of begun) rmSync(path, { force: true });
}

type Pieces = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;
export type Content = string | Uint8Array | Pieces;

/** A file that the command line asks for, begun before there is anything to write. */
export interface NamedFile {
  /** Writes the whole file. @throws UserInputError or EnvironmentError saying why not */
  write(content: Content): Promise<void>;
  /** Leaves nothing behind when it isn't to be written after all. */
  abandon(): Promise<void>;
}

/**
 * Begins a file, so that a place where nothing can be written is told before hours of work and not after. It is written beside
 * its place and renamed, so that nobody finds half a file under the name asked for. What is not an ordinary file there, a device, a
 * pipe or a link, is written to, as a rename would replace it; a link of somebody else is refused.
 *
 * @param what begins the message, e.g. `The report`
 * @throws UserInputError when nothing can be written there, EnvironmentError when the machine is at fault
 */
export async function beginFile(path: string, what: string): Promise<NamedFile> {
  const there = await lstat(path).catch(() => undefined);
  if (there?.isDirectory() === true) throw new UserInputError(`${what} can't be written to ${path}: it is a folder.`);
  return there === undefined || there.isFile() ? beginBeside(path, what) : beginInPlace(path, what, there);
}

/** New, and under a name that nobody knows before: in a folder of many, somebody else could have left a link there. */
async function beginBeside(path: string, what: string): Promise<NamedFile> {
  const partial = `${path}.${randomBytes(4).toString('hex')}.partial`;
  const file = await open(partial, 'wx').catch((error: unknown) => {
    throw notWritten(path, what, error);
  });
  begun.add(partial);
  const abandon = async () => {
    await file.close();
    await rm(partial, { force: true });
    begun.delete(partial);
  };
  return {
    async write(content) {
      try {
        await pipeline(piecesOf(content), file.createWriteStream());
        await rename(partial, path);
        begun.delete(partial);
      } catch (error) {
        await abandon();
        throw notWritten(path, what, error);
      }
    },
    abandon,
  };
}

async function beginInPlace(path: string, what: string, there: Stats): Promise<NamedFile> {
  const refused = (error: unknown): never => {
    throw notWritten(path, what, error);
  };
  if (there.isSymbolicLink()) {
    if (![process.geteuid?.(), ROOT].includes(there.uid)) {
      throw new UserInputError(
        `${what} can't be written to ${path}: it is a link that another user has made. Name another place.`,
      );
    }
    // A pipe would be waited for; of a link it can be told.
    if ((await stat(path).catch(() => undefined))?.isFile() !== false)
      await open(path, 'a').then((file) => file.close(), refused);
  }
  return {
    write: (content) => pipeline(piecesOf(content), createWriteStream(path)).catch(refused),
    abandon: () => Promise.resolve(),
  };
}

function piecesOf(content: Content): Pieces {
  return typeof content === 'string' || ArrayBuffer.isView(content) ? [content] : content;
}

/** Writes a file that the command line asks for. @throws as beginFile does */
export async function writeNamedFile(path: string, what: string, content: Content): Promise<void> {
  const file = await beginFile(path, what);
  await file.write(content);
}

/** A folder that the command line asks for. */
export interface MadeFolder {
  /** Removes it, and those above it that were made for it, as far as nothing is in them. */
  abandon(): Promise<void>;
}

/** Makes a folder that the command line asks for. @throws as beginFile does */
export async function makeNamedFolder(path: string, what: string): Promise<MadeFolder> {
  const made = await makeFolder(path).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw notWritten(path, what, error);
    throw new UserInputError(`${what} can't be written to ${path}: no folder can be made there. Name another place.`, {
      cause: error,
    });
  });
  return {
    async abandon() {
      for (const folder of made) {
        const isGone = await rmdir(folder).then(
          () => true,
          () => false,
        );
        if (!isGone) return;
      }
    },
  };
}

/** What isn't of the file system, such as the reason why content ended or what it is of can't be read, passes as it is. */
function notWritten(path: string, what: string, cause: unknown): unknown {
  if (cause instanceof CosmicError || codeOf(cause)?.startsWith('E') !== true) return cause;
  const start = `${what} can't be written to ${path}:`;
  const code = codeOf(cause) ?? '';
  const refused = whyRefused(code);
  if (refused?.lacks === true) return new EnvironmentError(`${start} ${refused.why}`, { cause });
  if (refused !== undefined) return new UserInputError(`${start} ${refused.why}`, { cause });
  return new UserInputError(`${start} ${REASONS[code]?.(path) ?? (cause as Error).message}`, { cause });
}

const REASONS: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: (path) =>
    existsSync(dirname(path)) && lstatSync(path, { throwIfNoEntry: false }) === undefined
      ? 'no file can be made there. Name another place.'
      : `there is no folder ${dirname(path)}. Make it, or name another place.`,
  ENOTDIR: () => 'a part of the path is a file, where a folder was expected.',
  EEXIST: () => 'a file of that name is in the way, where a folder was expected.',
  EISDIR: () => 'it is a folder.',
  ENAMETOOLONG: () => 'the name is too long (ENAMETOOLONG). Choose a shorter one.',
  ELOOP: () => 'links lead in a circle (ELOOP).',
};
