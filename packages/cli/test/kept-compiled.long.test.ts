import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BIN = join(import.meta.dirname, '../src/bin.ts');

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'cosmicai-home-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function started(environment: Readonly<Record<string, string>>): void {
  const { PATH } = process.env;
  expect(execFileSync(process.execPath, [BIN, '--version'], { env: { PATH, ...environment } }).toString()).toMatch(
    /^\d/,
  );
}

describe('what Node compiles of the installed command', () => {
  it('is kept in the cache of this user', () => {
    started({ HOME: folder });
    const [version = ''] = readdirSync(join(folder, '.cache/cosmicai/node'));
    expect(readdirSync(join(folder, '.cache/cosmicai/node', version)).length).toBeGreaterThan(100);
  });

  it('is kept nowhere where that is not wanted, and makes no home', () => {
    started({ HOME: folder, NODE_DISABLE_COMPILE_CACHE: '1' });
    started({ HOME: join(folder, 'gone'), XDG_CACHE_HOME: 'relative' });
    expect(readdirSync(folder)).toEqual([]);
    expect(existsSync('relative')).toBe(false);
  });
});
