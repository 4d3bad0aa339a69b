import { z } from 'zod';
import { flag, integer, text } from './fields.ts';
import { modelInputsSchema, type ModelInputs } from './model-inputs.ts';
import {
  keptColumnsSchema,
  keptKindsSchema,
  partitionColumnsSchema,
  type ColumnChoice,
  type KeptKind,
} from './partition-columns.ts';
import {
  MAX_BATCH_SIZE,
  MAX_CONCURRENCY,
  MAX_WORLD_SIZE,
  type PublishRanks,
  publishRanksSchema,
} from './run-payload.ts';
import {
  objectVersionSchema,
  plannedObjectSchema,
  sha256Schema,
  type ObjectVersion,
  type PlannedObject,
} from './written-file.ts';

const path = text('a path');

/** What cutouts of a folder are joined to, for a rank whose DATA_PATH lists files of one galaxy each, or of one of its bands. */
const plannedCutoutsSchema = z.object({
  /** The table of the galaxies. */
  table: objectVersionSchema.extend({ key: path }).optional(),
  /** Of each galaxy's image, what all have in common. */
  shape: z.object({
    type: z.enum(['float32', 'float64']),
    shape: z.array(z.number().int().positive()).readonly(),
    parts: z.array(z.string()).readonly().optional(),
    placed: z.boolean(),
  }),
  /** In the order of DATA_PATH. */
  galaxies: z.array(
    z.object({
      name: z.string(),
      /** Of the table. */
      row: z.number().int().nonnegative().optional(),
      /** A file each; absent: one file with all of it. */
      bands: z.array(z.string()).min(1).optional(),
      /** True: its files are those of the galaxy before, as two rows of the table name them. */
      again: z.boolean().optional(),
    }),
  ),
});
export type PlannedCutouts = z.output<typeof plannedCutoutsSchema>;

/**
 * One item of the Map: what a rank has to do. The upper-case names are those of the existing state machines; an item
 * without `RUN_ID` (made by somebody else's initializer) is accepted and writes straight into `RESULT_PATH`.
 */
export const rankTaskSchema = z.looseObject(
  {
    S3_BUCKET: text('a bucket'),
    S3_OBJECT_NAME: z.string().optional(),
    SCRIPT: z.string().optional(),
    S3_OBJECT_TYPE: z.string().optional(),
    WORLD_SIZE: integer(1, MAX_WORLD_SIZE),
    RANK: integer(0, MAX_WORLD_SIZE - 1),
    DATA_BUCKET: text('a bucket'),
    DATA_PREFIX: z.string().default(''),
    DATA_PATH: z
      .union([path, z.array(path), z.null()], { error: 'a partition path, a list of them, or null' })
      .transform((value) => (value === null ? [] : [value].flat())),
    /** Of each path in DATA_PATH the version that was planned; a rank reads no other. Absent in items of other initializers. */
    DATA_OBJECTS: z.array(plannedObjectSchema).optional(),
    CUTOUTS: plannedCutoutsSchema.optional(),
    RESULT_PATH: path,
    BATCH_SIZE: integer(1, MAX_BATCH_SIZE),
    RUN_ID: text('a run id').optional(),
    MODEL: text('a key or address of an .onnx file').optional(),
    /** The version of MODEL that was planned, and what the model's bytes must be whatever names it. */
    MODEL_OBJECT: objectVersionSchema.optional(),
    MODEL_SHA256: sha256Schema.optional(),
    MODEL_INPUTS: modelInputsSchema.optional(),
    /** What the tensors of the partitions are, in order; absent: images, magnitudes and, where there is a third, redshift. */
    COLUMNS: partitionColumnsSchema.optional(),
    /** Columns of the partitions that go into the predictions as they are. */
    KEEP: keptColumnsSchema.optional(),
    /** What they are in the predictions of all ranks; absent: what the rank's own partitions make of them. */
    KEPT: keptKindsSchema.optional(),
    ALLOW_BATCH_DEPENDENCE: flag.optional(),
    /** False: the partitions are read without checking their CRC-32. */
    CHECK_CRC: flag.default(true),
    /** True: the SHA-256 of each partition is taken down beside its etag. */
    HASH_INPUTS: flag.default(false),
    PUBLISH_RANKS: publishRanksSchema,
    REQUEST_PAYER: flag.default(false),
    SIGN_REQUESTS: flag.default(true),
    FMI_ENABLED: flag.default(false),
    RENDEZVOUS_ENDPOINT: text('host:port').optional(),
    /** Ranks that have data and so take part in FMI operations, and this rank's place among them; absent without FMI. */
    FMI_WORLD_SIZE: integer(1, MAX_CONCURRENCY).optional(),
    FMI_RANK: integer(0, MAX_CONCURRENCY - 1).optional(),
    /** Tells the meeting of a resumed run from those before it. */
    FMI_GROUP: text('a name').optional(),
  },
  { error: 'a rank task: an object with S3_BUCKET, RANK, WORLD_SIZE, DATA_BUCKET, DATA_PATH, RESULT_PATH, BATCH_SIZE' },
);

/** A rank task after parsing: numbers are numbers, DATA_PATH is a list (empty: nothing to do). */
export type RankTask = z.output<typeof rankTaskSchema>;

/** A rank task as it travels: the upstream spellings (text for WORLD_SIZE and RANK, one path, a list or null for DATA_PATH). */
export interface RankTaskItem {
  readonly S3_BUCKET: string;
  readonly S3_OBJECT_NAME?: string;
  readonly SCRIPT?: string;
  readonly S3_OBJECT_TYPE?: string;
  readonly WORLD_SIZE: string;
  readonly RANK: string;
  readonly DATA_BUCKET: string;
  readonly DATA_PREFIX: string;
  readonly DATA_PATH: string | readonly string[] | null;
  readonly DATA_OBJECTS?: readonly PlannedObject[];
  readonly CUTOUTS?: PlannedCutouts;
  readonly RESULT_PATH: string;
  readonly BATCH_SIZE: number;
  readonly RUN_ID: string;
  readonly MODEL?: string;
  readonly MODEL_OBJECT?: ObjectVersion;
  readonly MODEL_SHA256?: string;
  readonly MODEL_INPUTS?: ModelInputs;
  readonly COLUMNS?: ColumnChoice;
  readonly KEEP?: readonly string[];
  readonly KEPT?: readonly KeptKind[];
  readonly ALLOW_BATCH_DEPENDENCE?: boolean;
  readonly CHECK_CRC?: boolean;
  readonly HASH_INPUTS?: boolean;
  readonly PUBLISH_RANKS?: PublishRanks;
  readonly REQUEST_PAYER?: boolean;
  readonly SIGN_REQUESTS?: boolean;
  readonly FMI_ENABLED?: boolean;
  readonly RENDEZVOUS_ENDPOINT?: string;
  readonly FMI_WORLD_SIZE?: number;
  readonly FMI_RANK?: number;
  readonly FMI_GROUP?: string;
}
