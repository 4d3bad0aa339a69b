import { z } from 'zod';
import { ENDPOINT_FORM, isEndpoint, STAGE_SERVER } from './endpoint.ts';
import { describe, describePath } from './describe.ts';
import { InvalidInputError, type Problem } from './errors.ts';
import { spelledFields, type SpelledFields } from './field-names.ts';
import { decimal, flag, integer, matching, text } from './fields.ts';
import { modelInputsSchema } from './model-inputs.ts';
import { parseAs, parseOrProblems } from './parse.ts';
import { keptColumnsSchema, partitionColumnsSchema } from './partition-columns.ts';
import { sha256Schema } from './written-file.ts';
import { bucket, folder, objectPath } from './places.ts';

/** Ranks of a run; far fewer run at once. */
export const MAX_WORLD_SIZE = 1_000_000;
/** A Distributed Map runs at most 10,000 child executions at once (AWS Step Functions quota). */
export const MAX_CONCURRENCY = 10_000;
export const MAX_BATCH_SIZE = 65_536;
export const DEFAULT_BATCH_SIZE = 128;
export const DEFAULT_RESULT_PATH = 'results';
/** Lambda's default concurrency quota of an account and region. */
export const DEFAULT_MAX_CONCURRENCY = 1000;
/** Percentage of flagged galaxies beyond which a run has failed: by default they are counted and shown, no more. */
export const DEFAULT_MAX_FLAGGED = 100;
/** Folder of the teams' buckets below which `data_size` names a folder. */
const DEFAULT_DATASETS_PREFIX = 'datasets';

/** When the ranks' results are published at `result_path`: by Summarize when the run has succeeded, or by each rank as it ends. */
export const publishRanksSchema = z
  .enum(['at_end', 'as_they_end'], { error: 'at_end or as_they_end' })
  .default('at_end');
export type PublishRanks = z.output<typeof publishRanksSchema>;

const endpoint = matching(
  (value) => value === STAGE_SERVER || isEndpoint(value),
  `${ENDPOINT_FORM}, or ${STAGE_SERVER} for the stage's own`,
);

const dataMapEntry = z.union([objectPath, z.array(objectPath), z.null()], {
  error: 'a partition path, a list of them, or null',
});

const fields = {
  bucket,
  data_bucket: bucket.optional(),
  data_prefix: folder.optional(),
  data_size: z.enum(['small', 'medium', 'large'], { error: 'small, medium or large' }).optional(),
  file_limit: integer(1, 1_000_000).optional(),
  world_size: integer(1, MAX_WORLD_SIZE).optional(),
  batch_size: integer(1, MAX_BATCH_SIZE).default(DEFAULT_BATCH_SIZE),
  result_path: objectPath.default(DEFAULT_RESULT_PATH),
  data_map: z
    .record(z.string(), dataMapEntry, {
      error: 'an object from rank to partition path, list of paths, or null',
    })
    .optional(),
  fmi_enabled: flag.default(false),
  rendezvous_endpoint: endpoint.optional(),
  model: text('a key of the bucket, or an s3:// or file:/// address of an .onnx file').optional(),
  model_sha256: sha256Schema.optional(),
  model_inputs: modelInputsSchema.optional(),
  columns: partitionColumnsSchema.optional(),
  keep: keptColumnsSchema.optional(),
  allow_batch_dependence: flag.optional(),
  max_concurrency: integer(1, MAX_CONCURRENCY).default(DEFAULT_MAX_CONCURRENCY),
  tolerated_failure_percentage: decimal(0, 100).default(0),
  check_crc: flag.default(true),
  hash_inputs: flag.default(false),
  publish_ranks: publishRanksSchema,
  request_payer: flag.default(false),
  sign_requests: flag.default(true),
  max_flagged: decimal(0, 100).default(DEFAULT_MAX_FLAGGED),
  unique_id: z.string({ error: 'text' }).optional(),
  test_mode: flag.optional(),
  // How the Python system ships its code; kept for the record, not needed here.
  object_type: z.string({ error: 'text' }).optional(),
  S3_object_name: z.string({ error: 'text' }).optional(),
  script: z.string({ error: 'text' }).optional(),
};

const runPayloadSchema = z
  .looseObject(fields, { error: 'a JSON object' })
  .refine((payload) => !payload.fmi_enabled || payload.rendezvous_endpoint !== undefined, {
    path: ['rendezvous_endpoint'],
    error: `host:port of the rendezvous server, or ${STAGE_SERVER} for the stage's own, because fmi_enabled is true`,
    // Also when other fields are wrong, so that one error lists all there is to mend.
    when: ({ value }) => typeof value === 'object' && value !== null,
  })
  .superRefine((payload, context) => {
    const world = payload.world_size;
    if (world === undefined) return;
    const beyond = (rank: string) => Number(rank) >= world && Number(rank) < MAX_WORLD_SIZE;
    for (const rank of Object.keys(payload.data_map ?? {}).filter(beyond)) {
      context.addIssue({ code: 'custom', path: ['data_map', rank], message: `ranks below world_size ${world}` });
    }
  });

/** A run payload after parsing: numbers are numbers, defaults are filled in, unknown fields are kept. */
export type RunPayload = z.output<typeof runPayloadSchema> & {
  readonly data_bucket: string;
  readonly data_prefix: string;
};

export interface ParsedRunPayload {
  readonly payload: RunPayload;
  /** One sentence for each thing that was accepted but looks like a mistake. */
  readonly warnings: readonly string[];
}

/** Changes the fields of a payload before they are parsed: what a command line says over what a file says. */
export type ChangeFields = (fields: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

/**
 * Parses the input of the state machine, in any of the shapes in use. What it answers is a payload too, and parsing that
 * changes nothing.
 *
 * @param change called with the fields under their proper names
 * @param what heads the list of problems, e.g. with the file's name
 * @throws InvalidInputError listing every problem with its field path
 */
export function parseRunPayload(
  input: unknown,
  change: ChangeFields = (fields) => fields,
  what = 'payload',
): ParsedRunPayload {
  // Nothing below may meet what overflows the stack.
  parseAs(z.unknown(), input, what);
  const { fields: given, problems } = namedFields(input);
  const changed = given === undefined ? input : change(given);
  const ranks = rankProblems(changed);
  const parsed = parseOrProblems(runPayloadSchema, changed);
  if ('problems' in parsed || problems.length + ranks.length > 0)
    throw new InvalidInputError(what, [...problems, ...ranks, ...('problems' in parsed ? parsed.problems : [])]);
  const { data } = parsed;
  return {
    payload: {
      ...data,
      data_bucket: data.data_bucket ?? data.bucket,
      data_prefix: dataFolder(data.data_prefix, data.data_size),
    },
    warnings: warningsOf(Object.keys(changed as object), data),
  };
}

function namedFields(input: unknown): Partial<SpelledFields> & Pick<SpelledFields, 'problems'> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return { problems: [] };
  return spelledFields(input, Object.keys(fields));
}

/** Ranks of data_map that no run can have. */
function rankProblems(payload: unknown): Problem[] {
  const { data_map: map } = (payload ?? {}) as { readonly data_map?: unknown };
  if (typeof map !== 'object' || map === null || Array.isArray(map)) return [];
  return Object.keys(map)
    .filter((rank) => !/^(0|[1-9]\d*)$/.test(rank) || Number(rank) >= MAX_WORLD_SIZE)
    .map((rank) => ({
      path: describePath(['data_map', rank]),
      found: `the rank ${describe(rank)}`,
      allowed: `a rank from 0 to ${MAX_WORLD_SIZE - 1}`,
    }));
}

const MOST_WARNINGS = 20;

function warningsOf(names: readonly string[], parsed: object): string[] {
  const unknown = names.filter((name) => !Object.hasOwn(fields, name));
  const warnings = unknown.slice(0, MOST_WARNINGS).map((name) => {
    // The schema drops `__proto__`, whatever it holds.
    const fate = Object.hasOwn(parsed, name) ? 'kept as it is' : 'left out';
    return `payload field ${describe(name)} is not known and was ${fate}`;
  });
  const more = unknown.length - warnings.length;
  return more > 0 ? [...warnings, `${more} more payload fields are not known`] : warnings;
}

/** The folder that holds the partitions: `data_size` names a folder below `data_prefix` unless the prefix ends with it already. */
function dataFolder(prefix: string | undefined, size: string | undefined): string {
  const base = prefix ?? (size === undefined ? '' : DEFAULT_DATASETS_PREFIX);
  if (size === undefined || base === size || base.endsWith(`/${size}`)) return base;
  return base === '' ? size : `${base}/${size}`;
}
