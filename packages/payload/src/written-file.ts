import { z } from 'zod';

/** SHA-256 as 64 hexadecimal digits. */
export const sha256Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, { error: 'a SHA-256: 64 digits from 0 to 9 and a to f' });

/** What tells one version of an object from another, as the store says it. The etag of a file is its time, size and inode. */
export const objectVersionSchema = z.object({
  /** Bytes. */
  size: z.number().int().nonnegative(),
  etag: z.string(),
});
export type ObjectVersion = z.output<typeof objectVersionSchema>;

/** What the bytes of a file must be, wherever it lies. */
export const fileContentSchema = z.object({ size: z.number().int().nonnegative(), sha256: sha256Schema });
export type FileContent = z.output<typeof fileContentSchema>;

/** A partition as it was planned, with its number of galaxies where an earlier attempt at the run has told it. */
export const plannedObjectSchema = objectVersionSchema.extend({ galaxies: z.number().int().nonnegative().optional() });
export type PlannedObject = z.output<typeof plannedObjectSchema>;

/** An object as it was written: what must lie there still. */
export const writtenFileSchema = objectVersionSchema.extend({ key: z.string(), sha256: sha256Schema });
export type WrittenFile = z.output<typeof writtenFileSchema>;

/** A file whose front is read alone by most, with what that must be. */
export const fileWithHeadSchema = writtenFileSchema.extend({
  head: fileContentSchema,
});
export type FileWithHead = z.output<typeof fileWithHeadSchema>;
