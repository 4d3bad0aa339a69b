import { z } from 'zod';

const count = z.number().int().nonnegative();

/** Requests to object storage by what is charged for them; of folders, those that a bucket would have been asked. */
export const storeRequestsSchema = z.object({ gets: count, heads: count, puts: count, lists: count, deletes: count });
export type StoreRequestCounts = z.output<typeof storeRequestsSchema>;
