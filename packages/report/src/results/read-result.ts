import { describe, UserInputError } from '@cosmicai/payload';
import { readResultFile, TAKEN } from './result-file.ts';
import type { ResultSource } from './result-sources.ts';
import type { NamedResult } from './runs-in.ts';

/** Far more than results have, and less than a text may. */
const LARGEST_BYTES = 256 * 2 ** 20;

/** Reads what a file holds. @throws UserInputError when there is no result in it, with what it is as far as that is known */
export async function readResult({ name, store, key }: ResultSource): Promise<NamedResult> {
  const { size = 0 } = (await store.head(key)) ?? {};
  if (size > LARGEST_BYTES)
    throw new UserInputError(
      `There is no result in ${name}: it has ${Math.round(size / 2 ** 20)} MiB, and results of 10,000 ranks have 20. ${TAKEN}`,
    );
  return resultIn((await store.get(key)).toString(), name);
}

/** What the text of a file holds. @throws UserInputError likewise */
export function resultIn(text: string, name: string): NamedResult {
  return { name, file: readResultFile(jsonOf(text.replace(/^\uFEFF/, ''), name), name) };
}

function jsonOf(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const python = withoutPythonNumbers(text);
    if (python !== undefined) return python;
    throw new UserInputError(
      `There is no result in ${name}: it is ${kindOf(text, name, (error as Error).message)}. ${TAKEN}`,
      {
        cause: error,
      },
    );
  }
}

/** Python writes NaN and Infinity into its JSON, which are none; as texts they are told as what can't be used. */
function withoutPythonNumbers(text: string): unknown {
  const json = text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (part) =>
    part.startsWith('"') ? part : `"${part}"`,
  );
  if (json === text) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function kindOf(text: string, name: string, why: string): string {
  const [line = ''] = text.trimStart().split('\n', 1);
  if (/\.csv$/i.test(name)) return 'a table (CSV), and of tables none is taken';
  if (/\.jsonl$/i.test(name)) return 'an event log (name the folder of its run instead)';
  if (/\.parquet$/i.test(name)) return 'a file of predictions';
  if (text.startsWith('PK')) return 'a zip file such as a partition or a checkpoint';
  if (text === '') return 'empty';
  return `not JSON (${why}), but begins with ${describe(line)}`;
}
