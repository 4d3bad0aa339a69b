import { z } from 'zod';
import { ENDPOINT_FORM, isEndpoint } from './endpoint.ts';
import { InvalidInputError, type Problem } from './errors.ts';
import { decimal, flag, integer, matching, text } from './fields.ts';
import { describe, parseAs } from './parse.ts';

/** A Distributed Map runs at most 10,000 child executions at once (AWS Step Functions quota). */
export const MAX_WORLD_SIZE = 10_000;
export const MAX_BATCH_SIZE = 65_536;
export const DEFAULT_BATCH_SIZE = 128;
export const DEFAULT_RESULT_PATH = 'results';
/** Lambda's default concurrency quota of an account and region. */
export const DEFAULT_MAX_CONCURRENCY = 1000;
/** Folder of the teams' buckets below which `data_size` names a folder. */
const DEFAULT_DATASETS_PREFIX = 'datasets';

const bucket = matching(
  (value) => /^(s3:\/\/|file:\/\/\/)/.test(value) || /^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/.test(value),
  'a bucket name (letters, digits, dots, hyphens; 2 to 63 characters), an s3:// or a file:/// address',
);

const objectPath = matching(
  (value) =>
    value.length >= 1 && value.length <= 900 && !value.split('/').some((part) => part === '.' || part === '..'),
  'a path of 1 to 900 characters without "." or ".." as a folder',
).transform((value) => value.replace(/^\/+|\/+$/g, ''));

const endpoint = matching(isEndpoint, ENDPOINT_FORM);

const dataMapEntry = z.union([objectPath, z.array(objectPath), z.null()], {
  error: 'a partition path, a list of them, or null',
});

const fields = {
  bucket,
  data_bucket: bucket.optional(),
  data_prefix: z.union([z.literal(''), objectPath], { error: 'a folder of the bucket, or ""' }).optional(),
  data_size: z.enum(['small', 'medium', 'large'], { error: 'small, medium or large' }).optional(),
  file_limit: integer(1, 1_000_000).optional(),
  world_size: integer(1, MAX_WORLD_SIZE).optional(),
  batch_size: integer(1, MAX_BATCH_SIZE).default(DEFAULT_BATCH_SIZE),
  result_path: objectPath.default(DEFAULT_RESULT_PATH),
  data_map: z
    .record(z.string().regex(/^(0|[1-9]\d*)$/, { error: 'a rank: 0, 1, 2, …' }), dataMapEntry, {
      error: 'an object from rank to partition path, list of paths, or null',
    })
    .optional(),
  fmi_enabled: flag.default(false),
  rendezvous_endpoint: endpoint.optional(),
  model: text('a key of the bucket, or an s3:// or file:/// address of an .onnx file').optional(),
  max_concurrency: integer(1, MAX_WORLD_SIZE).default(DEFAULT_MAX_CONCURRENCY),
  tolerated_failure_percentage: decimal(0, 100).default(0),
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
    error: 'host:port of the rendezvous server, because fmi_enabled is true',
    // Also when other fields are wrong, so that one error lists all there is to mend.
    when: ({ value }) => typeof value === 'object' && value !== null,
  })
  .superRefine((payload, context) => {
    const world = payload.world_size;
    if (world === undefined) return;
    for (const rank of Object.keys(payload.data_map ?? {}).filter((rank) => Number(rank) >= world)) {
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

/** Field names of the published payloads that differ only in spelling. */
const SPELLINGS: Readonly<Record<string, string>> = { 'data bucket': 'data_bucket', 'data prefix': 'data_prefix' };

/**
 * Parses the input of the state machine, in any of the shapes in use.
 *
 * @throws InvalidInputError listing every problem with its field path
 */
export function parseRunPayload(input: unknown): ParsedRunPayload {
  const { value, problems } = respell(input);
  if (problems.length > 0) throw new InvalidInputError('payload', problems);
  const parsed = parseAs(runPayloadSchema, value, 'payload');
  const warnings = Object.keys(parsed)
    .filter((name) => !(name in fields))
    .map((name) => `payload field "${name}" is not known and was kept as it is`);
  return {
    payload: {
      ...parsed,
      data_bucket: parsed.data_bucket ?? parsed.bucket,
      data_prefix: dataFolder(parsed.data_prefix, parsed.data_size),
    },
    warnings,
  };
}

function respell(input: unknown): { value: unknown; problems: Problem[] } {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return { value: input, problems: [] };
  const value: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [name, field] of Object.entries(input)) {
    const spelled = SPELLINGS[name] ?? name;
    if (spelled in value && value[spelled] !== field) {
      problems.push({
        path: name,
        found: describe(field),
        allowed: `the same value in every spelling of ${spelled}`,
      });
    }
    value[spelled] = field;
  }
  return { value, problems };
}

/** The folder that holds the partitions: `data_size` names a folder below `data_prefix` unless the prefix ends with it already. */
function dataFolder(prefix: string | undefined, size: string | undefined): string {
  const base = prefix ?? (size === undefined ? '' : DEFAULT_DATASETS_PREFIX);
  if (size === undefined || base === size || base.endsWith(`/${size}`)) return base;
  return base === '' ? size : `${base}/${size}`;
}
