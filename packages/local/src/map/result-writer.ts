import { describe, type MapResultsManifest } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import { isObject, type Json, type JsonObject } from '../definition/types.ts';
import { evaluateTemplate } from '../interpreter/evaluate.ts';
import { StateError } from '../interpreter/state-error.ts';
import { resultEntry, type ChildRecord, type MapRunNames } from './child-record.ts';

export interface ResultTarget {
  readonly bucket: string;
  readonly prefix: string;
}

/** @throws StateError States.ResultWriterFailed when the parameters name no bucket */
export async function resultTarget(writer: JsonObject, input: Json, context: JsonObject): Promise<ResultTarget> {
  const parameters = await evaluateTemplate(writer.Parameters ?? {}, input, context);
  const { Bucket: bucket, Prefix: prefix = '' } = isObject(parameters) ? parameters : {};
  if (typeof bucket !== 'string' || typeof prefix !== 'string') {
    throw new StateError(
      'States.ResultWriterFailed',
      `ResultWriter.Parameters gives ${describe(parameters)}; expected {Bucket, Prefix} with text.`,
    );
  }
  return { bucket, prefix: prefix.replace(/\/+$/, '') };
}

const LISTS = ['FAILED', 'PENDING', 'SUCCEEDED'] as const;

/** Which list a child belongs to: aborted and timed-out children count as failed, as on AWS. */
function listOf(child: ChildRecord): (typeof LISTS)[number] {
  if (child.status === 'SUCCEEDED') return 'SUCCEEDED';
  return child.name === undefined ? 'PENDING' : 'FAILED';
}

/**
 * Writes what AWS writes: `<prefix>/<id>/manifest.json` and beside it a list of children for each outcome that occurred.
 *
 * @param id UUID of the Map run
 * @returns key of the manifest
 * @throws StateError States.ResultWriterFailed when the bucket can't be written
 */
export async function writeResults(
  store: ObjectStore,
  target: ResultTarget,
  id: string,
  names: MapRunNames,
  children: readonly ChildRecord[],
): Promise<string> {
  const folder = target.prefix === '' ? id : `${target.prefix}/${id}`;
  const files: MapResultsManifest['ResultFiles'] = { FAILED: [], PENDING: [], SUCCEEDED: [] };
  try {
    for (const list of LISTS) {
      const entries = children.filter((child) => listOf(child) === list).map((child) => resultEntry(child, names));
      if (entries.length === 0) continue;
      const body = Buffer.from(JSON.stringify(entries));
      const key = `${folder}/${list}_0.json`;
      await store.put(key, body);
      files[list].push({ Key: key, Size: body.length });
    }
    const manifest: MapResultsManifest = {
      DestinationBucket: target.bucket,
      MapRunArn: names.mapRunArn,
      ResultFiles: files,
    };
    await store.put(`${folder}/manifest.json`, JSON.stringify(manifest));
  } catch (error) {
    throw new StateError(
      'States.ResultWriterFailed',
      `Cannot write the Map's results to ${folder} of ${target.bucket}: ${(error as Error).message}`,
    );
  }
  return `${folder}/manifest.json`;
}
