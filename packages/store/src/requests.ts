/** Requests by what S3 charges for them. Deletions are free. */
export interface StoreRequests {
  /** GET: whole objects, ranges, and what went on after a connection broke. */
  readonly gets: number;
  /** HEAD; priced as GET. */
  readonly heads: number;
  /** PUT, and POST of uploads in parts: each part is one. */
  readonly puts: number;
  /** Pages of listings; priced as PUT. */
  readonly lists: number;
  readonly deletes: number;
}

const counts = { gets: 0, heads: 0, puts: 0, lists: 0, deletes: 0 };

/** Counts requests of this process; each attempt is one, because S3 charges for those that it refused too. */
export function countRequests(kind: keyof StoreRequests, requests = 1): void {
  counts[kind] += requests;
}

/**
 * Requests that all stores of this process have made so far. Of folders: those that a bucket would have been asked in their
 * place, so that a run on one machine tells what it would cost.
 */
export function requestsSoFar(): StoreRequests {
  return { ...counts };
}

/** Requests since an earlier count. */
export function requestsSince(before: StoreRequests): StoreRequests {
  const { gets, heads, puts, lists, deletes } = counts;
  return {
    gets: gets - before.gets,
    heads: heads - before.heads,
    puts: puts - before.puts,
    lists: lists - before.lists,
    deletes: deletes - before.deletes,
  };
}
