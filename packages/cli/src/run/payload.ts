import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, InvalidInputError, parseRunPayload, UserInputError } from '@cosmicai/payload';
import { bucketAndPrefix, folderAddress, resultsLocation } from '../inputs/files.ts';
import type { PayloadOptions } from '../inputs/payload-options.ts';

/** Stands for the server that the run will start itself. */
export const NO_ENDPOINT = 'localhost:10000';

/** Reads a payload file. @throws UserInputError when it can't be read or is no JSON object */
export async function readPayload(path: string, cwd: string): Promise<Record<string, unknown>> {
  const file = resolve(cwd, path);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UserInputError(`The payload ${file} can't be read: ${(error as Error).message}`, { cause: error });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UserInputError(`The payload ${file} is no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw new InvalidInputError(`payload ${file}`, [
    { path: '(root)', found: describe(parsed), allowed: 'a JSON object' },
  ]);
}

/**
 * The payload of a run: the file's fields, changed by the options. Folders of this machine become file:// addresses:
 * `--data` the data bucket itself, `--results` a bucket and the result_path in it.
 */
export function composePayload(
  file: Readonly<Record<string, unknown>>,
  options: PayloadOptions,
  cwd: string,
): Record<string, unknown> {
  const payload: Record<string, unknown> = { ...file };
  const set = (name: string, value: unknown) => {
    if (value !== undefined) payload[name] = value;
  };
  set('world_size', options.worldSize);
  set('batch_size', options.batchSize);
  set('file_limit', options.fileLimit);
  set('max_concurrency', options.maxConcurrency);
  set('tolerated_failure_percentage', options.tolerate);
  set('fmi_enabled', options.fmi);
  // The run starts a server of its own where the payload names none (local-rendezvous.ts).
  if (options.fmi === true) payload.rendezvous_endpoint ??= NO_ENDPOINT;
  if (options.data !== undefined) {
    delete payload.data_size;
    delete payload['data bucket'];
    const { bucket, prefix } = bucketAndPrefix(folderAddress(options.data, cwd));
    payload.data_bucket = bucket;
    payload.data_prefix = prefix;
  }
  const results = options.results ?? (payload.bucket === undefined ? 'results' : undefined);
  if (results !== undefined) {
    const { bucket, resultPath } = resultsLocation(results, cwd);
    payload.bucket = bucket;
    payload.result_path = resultPath;
  }
  if (payload.data_bucket === undefined && file.bucket === undefined && payload['data bucket'] === undefined) {
    throw new UserInputError('No data to read: name a folder with --data, or a payload file that has a bucket.');
  }
  // Checked here too, so that a wrong payload fails before anything is started or written.
  parseRunPayload(payload);
  return payload;
}
