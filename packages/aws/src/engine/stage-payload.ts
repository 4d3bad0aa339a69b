import { basename, resolve } from 'node:path';
import { composePayload, NO_ENDPOINT, type PayloadChanges } from '@cosmicai/engine';
import { STAGE_SERVER, UserInputError, type RunPayload } from '@cosmicai/payload';
import { bucketOf } from '@cosmicai/quote';
import { resultsLocation, schemeOf } from '@cosmicai/store';
import type { DeployedStage } from '../stage/stage.ts';

/** What of a stage decides a payload. */
export type PayloadStage = Pick<DeployedStage, 'name' | 'bucket' | 'options' | 'checkMeetsHere'>;

export interface StagePayload {
  readonly payload: RunPayload;
  /** A folder of this machine whose partitions the payload expects in the bucket. */
  readonly upload?: { readonly folder: string; readonly prefix: string };
}

/**
 * The payload of a run on a stage: the file's fields, changed by the options, the stage's bucket where none is named. A
 * folder of this machine stands for a folder of its name in the bucket's first data prefix.
 *
 * @throws UserInputError when something lies where the stage's functions can't reach it; what the stage's `checkMeetsHere` throws
 */
export function composeStagePayload(
  file: Readonly<Record<string, unknown>>,
  { data, results, ...options }: PayloadChanges,
  stage: PayloadStage,
  cwd: string,
): StagePayload {
  const { prefixes } = stage.options;
  const isHere = data !== undefined && !data.includes('://');
  const upload = isHere
    ? { folder: resolve(cwd, data), prefix: `${prefixes.data[0] ?? 'datasets'}/${basename(resolve(cwd, data))}` }
    : undefined;
  const { payload: composed } = composePayload(
    file,
    { ...options, ...(data !== undefined && !isHere && { data }) },
    cwd,
    (fields) => ({
      bucket: stage.bucket,
      // Whether the ranks are to meet, and so the server to be found, is known once the payload is parsed.
      rendezvous_endpoint: NO_ENDPOINT,
      ...(upload === undefined ? fields : inFolder(fields, stage.bucket, upload.prefix)),
      ...(results !== undefined && placeOfResults(results, stage.bucket, cwd)),
    }),
  );
  const payload = withEndpoint(composed, stage);
  for (const [name, bucket] of [
    ['bucket', payload.bucket],
    ['data_bucket', payload.data_bucket],
  ] as const) {
    if (schemeOf(bucket)?.isRemote === false)
      throw new UserInputError(`The payload's ${name} is ${bucket}, a place of this machine, which AWS can't reach.`);
  }
  // Only in the stage's own bucket do its functions' roles name folders.
  const within = (path: string) => prefixes.results.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
  if (bucketOf(payload.bucket) !== stage.bucket || !within(payload.result_path)) {
    throw new UserInputError(
      `The functions of stage ${stage.name} may not write to ${payload.bucket}/${payload.result_path}: expected a result_path below ${prefixes.results.join(', ')} in ${stage.bucket}. Name one with --results, or add a prefix to prefixes.results in config/${stage.name}.yml and deploy again.`,
    );
  }
  return { payload, ...(upload && { upload }) };
}

function withEndpoint(payload: RunPayload, stage: PayloadStage): RunPayload {
  const { rendezvous_endpoint: endpoint, ...rest } = payload;
  if (endpoint !== NO_ENDPOINT && endpoint !== STAGE_SERVER) return payload;
  if (!payload.fmi_enabled) return rest;
  stage.checkMeetsHere();
  return { ...rest, rendezvous_endpoint: STAGE_SERVER };
}

function inFolder(
  { data_size: _size, ...fields }: Readonly<Record<string, unknown>>,
  bucket: string,
  prefix: string,
): Record<string, unknown> {
  return { ...fields, data_bucket: bucket, data_prefix: prefix };
}

function placeOfResults(results: string, stageBucket: string, cwd: string): Record<string, unknown> {
  const address = results.includes('://') ? results : `s3://${stageBucket}/${results.replace(/^\/+/, '')}`;
  const { bucket, resultPath } = resultsLocation(address, cwd);
  return { bucket: bucketOf(bucket), result_path: resultPath };
}
