import { basename, resolve } from 'node:path';
import { parseRunPayload, UserInputError } from '@cosmicai/payload';
import { resultsLocation } from '../inputs/files.ts';
import type { PayloadOptions } from '../inputs/payload-options.ts';
import { composePayload } from '../run/payload.ts';
import type { DeployedStage } from './stage.ts';

/** What of a stage decides a payload. */
export type PayloadStage = Pick<DeployedStage, 'name' | 'bucket' | 'options' | 'rendezvous'>;

export interface StagePayload {
  readonly payload: Record<string, unknown>;
  /** A folder of this machine whose partitions the payload expects in the bucket. */
  readonly upload?: { readonly folder: string; readonly prefix: string };
}

/**
 * The payload of a run on a stage: the file's fields, changed by the options, the stage's bucket where none is named. A
 * folder of this machine stands for a folder of its name in the bucket's first data prefix.
 *
 * @throws UserInputError when something lies where the stage's functions can't reach it; what the stage's `rendezvous` throws
 */
export async function composeStagePayload(
  file: Readonly<Record<string, unknown>>,
  { data, results, ...options }: PayloadOptions,
  stage: PayloadStage,
  cwd: string,
): Promise<StagePayload> {
  const { prefixes } = stage.options;
  const base: Record<string, unknown> = { bucket: stage.bucket, ...file };
  let upload: StagePayload['upload'];
  if (data !== undefined && !data.includes('://')) {
    const folder = resolve(cwd, data);
    upload = { folder, prefix: `${prefixes.data[0] ?? 'datasets'}/${basename(folder)}` };
    base.data_bucket = stage.bucket;
    base.data_prefix = upload.prefix;
    for (const other of ['data bucket', 'data prefix', 'data_size']) Reflect.deleteProperty(base, other);
  }
  if (results !== undefined) {
    const address = results.includes('://') ? results : `s3://${stage.bucket}/${results.replace(/^\/+/, '')}`;
    const { bucket, resultPath } = resultsLocation(address, cwd);
    base.bucket = bucket.replace(/^s3:\/\//, '');
    base.result_path = resultPath;
  }
  if (options.fmi === true || String(base.fmi_enabled) === 'true')
    base.rendezvous_endpoint ??= await stage.rendezvous();
  const payload = composePayload(base, { ...options, ...(data?.includes('://') && { data }) }, cwd);
  const { payload: parsed } = parseRunPayload(payload);
  for (const [name, bucket] of [
    ['bucket', parsed.bucket],
    ['data_bucket', parsed.data_bucket],
  ] as const) {
    if (bucket.startsWith('file:'))
      throw new UserInputError(`The payload's ${name} is ${bucket}, a folder of this machine, which AWS can't reach.`);
  }
  // Only in the stage's own bucket do its functions' roles name folders.
  const within = (path: string) => prefixes.results.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
  if (parsed.bucket.replace(/^s3:\/\//, '') !== stage.bucket || !within(parsed.result_path)) {
    throw new UserInputError(
      `The functions of stage ${stage.name} may not write to ${parsed.bucket}/${parsed.result_path}: expected a result_path below ${prefixes.results.join(', ')} in ${stage.bucket}. Name one with --results, or add a prefix to prefixes.results in config/${stage.name}.yml and deploy again.`,
    );
  }
  return { payload, ...(upload && { upload }) };
}
