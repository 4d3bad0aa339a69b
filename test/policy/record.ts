/**
 * Writes test/policy/asked-for.txt from what rehearsals recorded: `node test/policy/record.ts rehearsal/calls.jsonl…`, after
 * `pnpm rehearse`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { GOLDEN, reduced } from './recorded.ts';

const lines = process.argv.slice(2).map((path) => readFileSync(path, 'utf8'));
const entries = reduced(lines.join('')).map(
  ({ principal, action, resource }) => `${principal} ${action} ${resource}\n`,
);
writeFileSync(GOLDEN, entries.join(''));
