import { z } from 'zod';
import { NUMBER_ARRAYS } from './number-arrays.ts';

/** What a tensor of a partition may be: images, the numbers beside them, the true values, the names of the objects. */
export const PARTITION_COLUMNS = ['images', 'magnitudes', 'redshift', 'id'] as const;
/** Stands for a column that is not read. */
export const UNREAD_COLUMN = '-';
export type PartitionColumn = (typeof PARTITION_COLUMNS)[number] | typeof UNREAD_COLUMN;

/**
 * Which column of a file is what: `image` or `images`, `magnitudes`, a feature of the model by name, the truth by its name or as
 * `redshift`, `id`; each the name of a column, or `-` for none. Beside these `layout`, NCHW or NHWC, of the file's images, and
 * `bands`, the names of their channels in the file's order with `/` between them. What isn't said is found by name.
 */
export type ColumnNames = Readonly<Record<string, string>>;

/** Which column of a file is what: by the order of the columns, where they have no names, or by their names. */
export type ColumnChoice = readonly PartitionColumn[] | ColumnNames;

/** Whether columns are chosen by their order. */
export function isInOrder(columns: ColumnChoice): columns is readonly PartitionColumn[] {
  return Array.isArray(columns);
}

/** A choice as it is typed. */
export function columnsText(columns: ColumnChoice): string {
  if (isInOrder(columns)) return columns.join(',');
  return Object.entries(columns)
    .map(([what, column]) => `${what}=${column}`)
    .join(',');
}

const IN_ORDER = `${PARTITION_COLUMNS.join(', ')} in the order of the tensors, each at most once and images always, with ${UNREAD_COLUMN} for a tensor that is not read`;
const BY_NAME = 'image=NAME,magnitudes=NAME,redshift=NAME,id=NAME with the names of columns, each at most once';
const ALLOWED = `${IN_ORDER}; or ${BY_NAME}`;

/** Which column is what: a list or an object, or text with commas. */
export const partitionColumnsSchema = z.unknown().transform((value, context): ColumnChoice => {
  const given = typeof value === 'string' ? listOrPairs(value) : value;
  const columns = Array.isArray(given) ? inOrder(given) : byName(given);
  if (columns !== undefined) return columns;
  context.addIssue({ code: 'custom', message: ALLOWED, input: value });
  return z.NEVER;
});

function listOrPairs(text: string): readonly string[] | ReadonlyMap<string, string> | undefined {
  const items = text.split(',').map((item) => item.trim());
  if (!text.includes('=')) return items;
  const pairs = items.map((item): [string, string] => {
    const [what = '', ...column] = item.split('=');
    return [what.trim(), column.join('=').trim()];
  });
  const names = new Map(pairs);
  return names.size === pairs.length ? names : undefined;
}

const inOrderSchema = z.array(z.enum([...PARTITION_COLUMNS, UNREAD_COLUMN]));

function inOrder(given: readonly unknown[]): readonly PartitionColumn[] | undefined {
  const { data: columns } = inOrderSchema.safeParse(given);
  return columns?.includes('images') === true && isEachOnce(columns) ? columns : undefined;
}

function isEachOnce(columns: readonly PartitionColumn[]): boolean {
  const read = columns.filter((column) => column !== UNREAD_COLUMN);
  return new Set(read).size === read.length;
}

const namesSchema = z.record(z.string().min(1), z.string().min(1));

function byName(given: unknown): ColumnNames | undefined {
  const { data: names } = namesSchema.safeParse(given instanceof Map ? Object.fromEntries(given) : given);
  if (names === undefined || Object.keys(names).length === 0) return undefined;
  return Object.hasOwn(names, 'image') && Object.hasOwn(names, 'images') ? undefined : names;
}

const KEPT = 'names of columns, each once: ra,dec';

/** Columns that travel into the predictions as they are: a list, or text with commas. */
export const keptColumnsSchema = z
  .preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value),
    z.array(z.string({ error: KEPT }).min(1, { error: KEPT }), { error: KEPT }),
  )
  .refine((names) => new Set(names).size === names.length, { error: KEPT });

const VALUE_TYPES = [...Object.keys(NUMBER_ARRAYS), 'text'] as (keyof typeof NUMBER_ARRAYS | 'text')[];

/** What kept columns become, so that they are of the same types in all files of a run. */
export const keptKindsSchema = z.array(z.object({ name: z.string().min(1), type: z.enum(VALUE_TYPES) }));
export type KeptKind = Readonly<z.output<typeof keptKindsSchema>[number]>;

/** Columns that predictions have by themselves, beside those of the model's features and answers. */
export const PREDICTION_COLUMNS = ['rank', 'partition', 'index', 'z_spec', 'z_pred', 'flags', 'id'] as const;

/** What a column was taken for. */
export const takenColumnSchema = z.object({
  /** `image`, `magnitudes`, a feature, the truth or `id`. */
  what: z.string(),
  column: z.string(),
  /** Said by whoever reads; found by its name, by what it is made of, or as the only one that it could be; by its place. */
  found: z.enum(['said', 'name', 'parts', 'only', 'place']),
  /** Of an image: what of it is taken, and in which order. */
  note: z.string().optional(),
});
export type TakenColumn = Readonly<z.output<typeof takenColumnSchema>>;

/** Whether what was taken is more than what files of torch have at their places, so that it is worth telling. */
export function isWorthTelling(taken: readonly TakenColumn[]): boolean {
  return taken.some(({ found }) => found !== 'place');
}

/** Each that was taken, once: files may differ. */
export function distinctTaken(taken: readonly TakenColumn[]): TakenColumn[] {
  return [...new Map(taken.map((column) => [JSON.stringify(column), column])).values()];
}

/** `image = img (channels last), mag_g = g_cmodel_mag, redshift` */
export function describeTaken(taken: readonly TakenColumn[]): string {
  return taken
    .map(({ what, column, note }) => {
      const name = what === column ? column : `${what} = ${column}`;
      return note === undefined ? name : `${name} (${note})`;
    })
    .join(', ');
}
