import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Quote, quoteSchema } from '@cosmicai/quote';
import { parseJsonAs, withFormat } from '@cosmicai/payload';
import { getIfThere } from '@cosmicai/store';
import { layoutOf, openPlace, type RunPlace } from '../place/run-place.ts';

/** Name of a quote beside what it was made for: in an execution's folder from before its start, in the run's once it is over. */
const QUOTE_FILE = 'quote.json';

/** Keeps a quote in an execution's folder. */
export function keepQuote(directory: string, quote: Quote): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, QUOTE_FILE), textOf(quote));
}

/** The quote in an execution's folder. @throws InvalidInputError when the file is not a quote */
export function keptQuote(directory: string): Quote | undefined {
  const file = join(directory, QUOTE_FILE);
  return existsSync(file) ? parseJsonAs(quoteSchema, readFileSync(file, 'utf8'), file) : undefined;
}

/** Puts a quote into a run's own folder, where reports find it. */
export async function keepQuoteOfRun(place: RunPlace, quote: Quote): Promise<void> {
  const { store, key } = inRun(place);
  await store.put(key, textOf(quote));
}

/** The quote that lies in a run's own folder. @throws InvalidInputError when the object is not a quote */
export async function quoteOfRun(place: RunPlace): Promise<Quote | undefined> {
  const { store, key } = inRun(place);
  const quote = await getIfThere(store, key);
  return quote && parseJsonAs(quoteSchema, quote.toString(), key);
}

function inRun(place: RunPlace) {
  return { store: openPlace(place), key: `${layoutOf(place).folder}/${QUOTE_FILE}` };
}

function textOf(quote: Quote): string {
  return `${JSON.stringify(withFormat(quote), null, 1)}\n`;
}
