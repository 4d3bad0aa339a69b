import { existsSync, readFileSync } from 'node:fs';

const folder = new URL('../../../../shared/data/reference/', import.meta.url);

/** The published system's own files, where they lie beside the checkout; undefined, and said so, where they don't. */
export function publishedFile(name: string): string | undefined {
  const file = new URL(name, folder);
  if (existsSync(file)) return readFileSync(file, 'utf8');
  console.warn(`SKIPPED: ${file.pathname} is not here; tests against the published results need it`);
  return undefined;
}
