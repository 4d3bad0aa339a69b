import { parseJsonAs, type RankFailure } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import { z } from 'zod';

/** An entry of the FAILED_<n>.json files that the Distributed Map's ResultWriter leaves. */
const failedChild = z.object({
  Input: z.string(),
  Error: z.string().default('Unknown'),
  Cause: z.string().default(''),
});
const failedRank = z.object({ RANK: z.coerce.number().int() });
/** Lambda's cause is JSON in which the function's own message stands. */
const lambdaCause = z.object({ errorMessage: z.string() });

/** Why ranks failed, by rank, as the Distributed Map wrote it down. Empty for other kinds of Map. */
export async function mapFailures(
  store: ObjectStore,
  mapPrefix: string,
): Promise<ReadonlyMap<number, Pick<RankFailure, 'error' | 'cause'>>> {
  const failures = new Map<number, Pick<RankFailure, 'error' | 'cause'>>();
  for await (const { key } of store.list(`${mapPrefix}/`)) {
    if (!/\/FAILED_\d+\.json$/.test(key)) continue;
    const children = parseJsonAs(z.array(failedChild), (await store.get(key)).toString(), key);
    for (const child of children) {
      const { RANK: rank } = parseJsonAs(failedRank, child.Input, `${key}: Input`);
      failures.set(rank, { error: child.Error, cause: messageIn(child.Cause) });
    }
  }
  return failures;
}

function messageIn(cause: string): string {
  try {
    return lambdaCause.parse(JSON.parse(cause)).errorMessage;
  } catch {
    return cause;
  }
}
