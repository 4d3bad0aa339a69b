import { describe } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import { parse as parseCsv } from 'csv-parse/sync';
import { isObject, ownValue, textOf, type Json, type JsonObject } from '../definition/types.ts';
import { evaluatePath, evaluateTemplate } from '../interpreter/evaluate.ts';
import { StateError } from '../interpreter/state-error.ts';
import { numberField } from './numbers.ts';

/** Where a Map's items come from. */
export interface ItemSource {
  /** The Map state. */
  readonly map: JsonObject;
  /** Its input, after InputPath. */
  readonly input: Json;
  readonly context: JsonObject;
  readonly openBucket: (bucket: string) => ObjectStore;
  readonly signal: AbortSignal;
}

/**
 * The items of a distributed Map: from an object of a bucket (ItemReader) or from the input (ItemsPath).
 *
 * @throws StateError States.ItemReaderFailed when the object can't be read or holds no items
 */
export async function readItems(source: ItemSource): Promise<readonly Json[]> {
  const { map, input, context } = source;
  if (isObject(map.ItemReader)) return readObject(source, map.ItemReader);
  const items = typeof map.ItemsPath === 'string' ? await evaluatePath(map.ItemsPath, input, context) : input;
  if (Array.isArray(items)) return items as readonly Json[];
  const where = typeof map.ItemsPath === 'string' ? `ItemsPath ${map.ItemsPath}` : 'the input of the Map';
  throw new StateError('States.Runtime', `${where} gives ${describe(items)}; expected an array of items.`);
}

async function readObject(source: ItemSource, reader: JsonObject): Promise<readonly Json[]> {
  const { input, context, openBucket, signal } = source;
  const parameters = await evaluateTemplate(reader.Parameters ?? {}, input, context);
  const { Bucket: bucket, Key: key } = isObject(parameters) ? parameters : {};
  if (typeof bucket !== 'string' || typeof key !== 'string') {
    throw failed(`ItemReader.Parameters gives ${describe(parameters)}; expected {Bucket, Key} with text.`);
  }
  let text: string;
  try {
    text = (await openBucket(bucket).get(key, { signal })).toString('utf8');
  } catch (error) {
    signal.throwIfAborted();
    throw failed(`Cannot read the items from ${key} of ${bucket}: ${(error as Error).message}`);
  }
  const config = isObject(reader.ReaderConfig) ? reader.ReaderConfig : {};
  const items = parseItems(text, config, `${key} of ${bucket}`);
  const most = await numberField(config, 'MaxItems', { min: 0 }, input, context);
  // 0 means no limit, as on AWS.
  return most === undefined || most === 0 ? items : items.slice(0, most);
}

function parseItems(text: string, config: JsonObject, what: string): readonly Json[] {
  try {
    switch (textOf(config.InputType)) {
      case 'JSONL':
        return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line) as Json]));
      case 'CSV':
        return parseCsv(text, {
          columns: config.CSVHeaderLocation === 'GIVEN' ? (config.CSVHeaders as string[]) : true,
          delimiter: ownValue(CSV_DELIMITERS, textOf(config.CSVDelimiter ?? 'COMMA')) ?? ',',
          skip_empty_lines: true,
          bom: true,
        });
      default: {
        const items = JSON.parse(text) as Json;
        if (Array.isArray(items)) return items as readonly Json[];
        throw new Error(`found ${describe(items)}; expected a JSON array`);
      }
    }
  } catch (error) {
    throw failed(`${what} holds no items: ${(error as Error).message}`);
  }
}

const CSV_DELIMITERS: Readonly<Record<string, string>> = {
  COMMA: ',',
  PIPE: '|',
  SEMICOLON: ';',
  SPACE: ' ',
  TAB: '\t',
};

function failed(cause: string): StateError {
  return new StateError('States.ItemReaderFailed', cause);
}
