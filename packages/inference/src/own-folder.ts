import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { codeOf } from '@cosmicai/store';

/** Windows knows neither owners nor modes nor these flags; its folder for temporary files is the user's own. */
const user = process.geteuid?.();
const NOT_THROUGH_LINKS = (constants.O_NOFOLLOW as number | undefined) ?? 0;
const WITHOUT_WAITING = (constants.O_NONBLOCK as number | undefined) ?? 0;

const ROOT = 0;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * Small files in a folder that nobody but this user can write in, so that what is read was written by this user. The usual place
 * for temporary files is everybody's: whoever comes first there may leave a folder, or a link, under a name that others will use.
 * Such a place is never used.
 */
export class OwnFolder {
  readonly #path: string;

  /** @param path default: of this user among the temporary files */
  constructor(path = join(tmpdir(), `cosmicai-${user ?? 'user'}`)) {
    this.#path = path;
  }

  /** A file's text; undefined where there is none, or one that this user hasn't written. */
  async read(name: string): Promise<string | undefined> {
    if (!(await this.#isOurs())) return undefined;
    const flags = constants.O_RDONLY | NOT_THROUGH_LINKS | WITHOUT_WAITING;
    const file = await open(join(this.#path, name), flags).catch(() => undefined);
    if (file === undefined) return undefined;
    try {
      const stats = await file.stat();
      return stats.isFile() && isOurs(stats) ? await file.readFile('utf8') : undefined;
    } finally {
      await file.close();
    }
  }

  /**
   * Writes a file at once, in place of one of that name.
   *
   * @returns false where the folder isn't this user's alone: nothing is written then
   * @throws the file system's error
   */
  async write(name: string, text: string): Promise<boolean> {
    await mkdir(this.#path, { mode: 0o700 }).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
    if (!(await this.#isOurs())) return false;
    const partial = join(this.#path, `${name}.${randomUUID()}`);
    const file = await open(partial, 'wx', 0o600);
    try {
      await file.writeFile(text).finally(() => file.close());
      await rename(partial, join(this.#path, name));
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
    return true;
  }

  /** Looked at each time, and no link is followed. What is so stays so: others could neither move the folder nor write in it. */
  async #isOurs(): Promise<boolean> {
    if (user === undefined) return true;
    const found = await Promise.all([lstat(this.#path), stat(dirname(this.#path))]).catch(() => undefined);
    if (found === undefined) return false;
    const [folder, above] = found;
    return folder.isDirectory() && isOurs(folder) && !isWritableByOthers(folder) && keepsWhatIsIn(above);
  }
}

function isOurs({ uid }: Stats): boolean {
  return user === undefined || uid === user;
}

function isWritableByOthers({ mode }: Stats): boolean {
  return (mode & WRITABLE_BY_OTHERS) !== 0;
}

/** Whether others can't rename what is in a folder. */
function keepsWhatIsIn(folder: Stats): boolean {
  return (isOurs(folder) || folder.uid === ROOT) && (!isWritableByOthers(folder) || (folder.mode & STICKY) !== 0);
}
