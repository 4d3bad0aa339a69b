import { readFileSync } from 'node:fs';

const description = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** What this command and its files say that made them. */
export const VERSIONS = { cosmicai: description.version, node: process.version };
