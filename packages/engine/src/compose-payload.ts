import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  CosmicError,
  describe,
  InvalidInputError,
  parseRunPayload,
  UserInputError,
  type ChangeFields,
  type ModelInputs,
  type ColumnChoice,
  type ParsedRunPayload,
} from '@cosmicai/payload';
import { bucketAndPrefix, folderAddress, openStore, parseAddress, resultsLocation } from '@cosmicai/store';

/** Stands for the server that the run will start itself, or that of the stage: functions can't reach any other by this name. */
export const NO_ENDPOINT = 'localhost:10000';

/** What of a run may be said over what its payload says. */
export interface PayloadChanges {
  /** The payload file that they go with; heads the list of what is wrong. */
  readonly payloadFile?: string | undefined;
  readonly worldSize?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly fileLimit?: number | undefined;
  /** Folder or store address of the partitions. */
  readonly data?: string | undefined;
  /** Folder or store address for the results. */
  readonly results?: string | undefined;
  readonly maxConcurrency?: number | undefined;
  /** Percentage of ranks that may fail. */
  readonly tolerate?: number | undefined;
  /** Percentage of flagged galaxies beyond which the run fails. */
  readonly maxFlagged?: number | undefined;
  /** Let the ranks meet over FMI. */
  readonly fmi?: boolean | undefined;
  /** False: read partitions without checking their CRC-32. */
  readonly crc?: boolean | undefined;
  /** How the model calls its inputs and its output. */
  readonly map?: ModelInputs | undefined;
  /** What the tensors of the partitions are, in order. */
  readonly columns?: ColumnChoice | undefined;
  /** Columns that go into the predictions as they are. */
  readonly keep?: readonly string[] | undefined;
  readonly allowBatchDependence?: boolean | undefined;
  readonly requestPayer?: boolean | undefined;
  /** False: read public buckets without credentials. */
  readonly signRequest?: boolean | undefined;
}

/** Reads a payload, a file or an object of a store. @throws UserInputError when it can't be read or is not a JSON object */
export async function readPayload(path: string, cwd: string): Promise<Readonly<Record<string, unknown>>> {
  const file = payloadAddress(path, cwd);
  let text: string;
  try {
    text = await (path.includes('://') ? textAt(path) : readFile(file, 'utf8'));
  } catch (error) {
    // A store says by itself what can't be read and why.
    if (error instanceof CosmicError) throw error;
    throw new UserInputError(`The payload ${file} can't be read: ${(error as Error).message}`, { cause: error });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UserInputError(`The payload ${file} is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  if (isObject(parsed)) return parsed;
  throw new InvalidInputError(`payload ${file}`, [
    { path: '(root)', found: describe(parsed), allowed: 'a JSON object' },
  ]);
}

async function textAt(address: string): Promise<string> {
  const { store, key } = parseAddress(address);
  return (await openStore(store).get(key)).toString('utf8');
}

/** A payload as messages name it. */
function payloadAddress(path: string, cwd: string): string {
  return path.includes('://') ? path : resolve(cwd, path);
}

/**
 * The payload of a run: the file's fields, changed by the options. Folders of this machine become file:// addresses:
 * `--data` the data bucket itself, `--results` a bucket and the result_path in it. A wrong payload fails here, before anything
 * is started or written.
 *
 * @param prepare changes the fields before the options do
 * @throws InvalidInputError naming everything that is wrong, InvalidAddressError for a kind of store that there is not,
 *   UserInputError when no data are named
 */
export function composePayload(
  file: Readonly<Record<string, unknown>>,
  options: PayloadChanges,
  cwd: string,
  prepare: ChangeFields = (fields) => fields,
): ParsedRunPayload {
  const what = options.payloadFile === undefined ? 'payload' : `payload ${payloadAddress(options.payloadFile, cwd)}`;
  const parsed = parseRunPayload(file, (fields) => changedFields(prepare(fields), options, cwd), what);
  const { bucket, data_bucket: dataBucket } = parsed.payload;
  // A payload is judged by the form of its addresses. That there is no such kind of store would else be told once a run has begun.
  for (const address of [bucket, dataBucket]) if (address.includes('://')) openStore(address);
  return parsed;
}

function changedFields(
  given: Readonly<Record<string, unknown>>,
  options: PayloadChanges,
  cwd: string,
): Record<string, unknown> {
  const fields: Record<string, unknown> = {
    // An engine starts a server for the run, or names its own, where the payload names none.
    ...(options.fmi === true && { rendezvous_endpoint: NO_ENDPOINT }),
    ...given,
    ...defined({
      world_size: options.worldSize,
      batch_size: options.batchSize,
      file_limit: options.fileLimit,
      max_concurrency: options.maxConcurrency,
      tolerated_failure_percentage: options.tolerate,
      max_flagged: options.maxFlagged,
      fmi_enabled: options.fmi,
      columns: options.columns,
      keep: options.keep,
      allow_batch_dependence: options.allowBatchDependence,
      check_crc: options.crc === false ? false : undefined,
      request_payer: options.requestPayer,
      sign_requests: options.signRequest === false ? false : undefined,
    }),
  };
  if (options.map !== undefined)
    fields.model_inputs = { ...(isObject(fields.model_inputs) ? fields.model_inputs : {}), ...options.map };
  if (options.data !== undefined) {
    const { bucket, prefix } = bucketAndPrefix(folderAddress(options.data, cwd));
    delete fields.data_size;
    Object.assign(fields, { data_bucket: bucket, data_prefix: prefix });
  }
  if (given.bucket === undefined && fields.data_bucket === undefined)
    throw new UserInputError('No data to read: name a folder with --data, or a payload file that has a bucket.');
  const results = options.results ?? (given.bucket === undefined ? 'results' : undefined);
  if (results === undefined) return fields;
  const { bucket, resultPath } = resultsLocation(results, cwd);
  return { ...fields, bucket, result_path: resultPath };
}

function defined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
