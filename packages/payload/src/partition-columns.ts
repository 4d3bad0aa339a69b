import { z } from 'zod';

/** What a tensor of a partition may be: images, the numbers beside them, the true values, the names of the objects. */
export const PARTITION_COLUMNS = ['images', 'magnitudes', 'redshift', 'id'] as const;
/** Stands for a tensor that is not read. */
export const UNREAD_COLUMN = '-';
export type PartitionColumn = (typeof PARTITION_COLUMNS)[number] | typeof UNREAD_COLUMN;

const ALLOWED = `${PARTITION_COLUMNS.join(', ')} in the order of the tensors, each at most once and images always, with ${UNREAD_COLUMN} for a tensor that is not read`;

/** What the tensors of a file without names are, in order: a list, or text with commas. */
export const partitionColumnsSchema = z
  .preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value),
    z.array(z.enum([...PARTITION_COLUMNS, UNREAD_COLUMN], { error: ALLOWED }), { error: ALLOWED }),
  )
  .refine((columns) => columns.includes('images') && isEachOnce(columns), { error: ALLOWED });

function isEachOnce(columns: readonly PartitionColumn[]): boolean {
  const read = columns.filter((column) => column !== UNREAD_COLUMN);
  return new Set(read).size === read.length;
}
