import { z } from 'zod';
import { integer, text } from './fields.ts';
import { MAX_WORLD_SIZE } from './run-payload.ts';

/**
 * What a child execution gets in the place of its task: where that lies in `manifest.json`. Step Functions passes on 256 KiB at
 * most, and the files of a rank may be any number. Other fields count over those of the task.
 */
export const rankReferenceSchema = z.looseObject(
  {
    S3_BUCKET: text('a bucket'),
    RUN_ID: text('a run id'),
    RANK: integer(0, MAX_WORLD_SIZE - 1),
    MANIFEST: text('the key of a manifest'),
    /** Bytes of the task in the manifest, [FROM, TO). */
    FROM: integer(0, Number.MAX_SAFE_INTEGER),
    TO: integer(0, Number.MAX_SAFE_INTEGER),
    /** First digits of the SHA-256 of these bytes, as many as `TASK_HASH_DIGITS`; absent in plans of earlier versions. */
    TASK_HASH: text('hexadecimal digits').optional(),
  },
  { error: 'a reference to a rank task: an object with S3_BUCKET, RUN_ID, RANK, MANIFEST, FROM, TO' },
);

/** Enough of a SHA-256 to notice a change, and not much in a million references. */
export const TASK_HASH_DIGITS = 16;

/** A reference as it travels, in `items.json` and as the input of a child execution. */
export interface RankReference {
  readonly S3_BUCKET: string;
  readonly RUN_ID: string;
  readonly RANK: string;
  readonly MANIFEST: string;
  readonly FROM: number;
  readonly TO: number;
  readonly TASK_HASH?: string;
}

/** Whether an item of a Map refers to a task instead of being one. */
export function isRankReference(item: unknown): boolean {
  return typeof item === 'object' && item !== null && 'MANIFEST' in item;
}
