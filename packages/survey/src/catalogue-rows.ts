import { parse } from 'csv-parse';
import { Readable } from 'node:stream';
import { itemAt } from '@cosmicai/payload';
import { allowed, columnPlaces, COLUMNS, looksLikeHeader, RADIUS, type ColumnMapping } from './catalogue-columns.ts';
import { CatalogueError } from './catalogue-error.ts';
import { LONGEST_LINE, openCatalogueText } from './catalogue-text.ts';

/** A galaxy's line: the values of `COLUMNS`, NaN for a radius that is not known; or what is wrong with it. */
export type CatalogueRow =
  { readonly line: number; readonly values: readonly number[] } | { readonly line: number; readonly problem: string };

interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** The lines of a catalogue below its header, one by one. @throws CatalogueError when it is none */
export async function* catalogueRows(
  content: AsyncIterable<Uint8Array | string>,
  mapping: ColumnMapping,
  name: string,
): AsyncGenerator<CatalogueRow> {
  const { delimiter, bytes } = await openCatalogueText(content, name);
  const parser = parse({
    ...{
      bom: true,
      delimiter,
      trim: delimiter !== '\t',
      skip_empty_lines: true,
      max_record_size: LONGEST_LINE,
      info: true,
    },
    // Said here, with line and column; and comments may hold anything.
    ...{ relax_column_count: true, relax_quotes: true },
  });
  const source = Readable.from(bytes);
  source.on('error', (error) => parser.destroy(error));
  let header: readonly string[] | undefined;
  let places: readonly number[] = [];
  try {
    for await (const { record, info } of source.pipe(parser) as AsyncIterable<Parsed>) {
      const cells = record.map((cell) => cell.trim());
      if (header === undefined) {
        header = headerOf(cells);
        if (header !== undefined) places = columnPlaces(header, mapping, name);
      } else if (cells[0]?.startsWith('#') !== true) {
        yield rowOf(cells, places, header.length, delimiter, info.lines);
      } else if (/^#\s*table/i.test(cells[0])) {
        throw new CatalogueError(
          `${name}, line ${info.lines}: another table begins ("${cells[0].slice(0, 40)}"); expected one. Save each as a file.`,
        );
      }
    }
  } catch (error) {
    if (error instanceof CatalogueError || !isCsvError(error)) throw error;
    const message = error.message.replace(/"[^"]{80,}"/g, '(a long text)').slice(0, 300);
    throw new CatalogueError(`${name} is not a CSV file that can be read: ${message}`, { cause: error });
  } finally {
    source.destroy();
  }
  if (header === undefined) {
    throw new CatalogueError(`${name} has no rows, nor a header; expected a header line and a line a galaxy.`);
  }
}

/** Undefined for the lines that stand before: `#Table1` of CasJobs, comments, Excel's `sep=;`. A header may begin with `#`. */
function headerOf(cells: readonly string[]): readonly string[] | undefined {
  const [first = '', ...others] = cells;
  if (/^sep=/i.test(first)) return undefined;
  if (!first.startsWith('#')) return cells;
  const uncommented = [first.replace(/^#+\s*/, ''), ...others];
  return looksLikeHeader(uncommented) ? uncommented : undefined;
}

function rowOf(
  cells: readonly string[],
  places: readonly number[],
  width: number,
  delimiter: string,
  line: number,
): CatalogueRow {
  if (cells.length !== width) {
    return { line, problem: `line ${line}: found ${cells.length} cells, expected ${width} as in the header.` };
  }
  const values: number[] = [];
  for (const [index, column] of COLUMNS.entries()) {
    const text = cells[itemAt(places, index)] ?? '';
    const value = numberOf(text, delimiter);
    const { least, most } = allowed(column);
    if (column === RADIUS && text === '') values.push(NaN);
    else if (value >= least && value <= most) values.push(value);
    else {
      const found = text.length > 60 ? `${text.slice(0, 60)}…` : text;
      return {
        line,
        problem: `line ${line}, column ${column}: found "${found}", expected a number from ${least} to ${most}.`,
      };
    }
  }
  return { line, values };
}

/** Where commas don't part cells they may part decimals. */
function numberOf(text: string, delimiter: string): number {
  if (!/^[+-]?[\d.,]+(e[+-]?\d+)?$/i.test(text)) return NaN;
  return Number(delimiter !== ',' && /^[+-]?\d*,\d+(e[+-]?\d+)?$/i.test(text) ? text.replace(',', '.') : text);
}

function isCsvError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_');
}
