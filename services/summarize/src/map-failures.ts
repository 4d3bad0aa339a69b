import {
  functionMessage,
  jsonOrText,
  mapResultsSchema,
  parseJsonAs,
  ranksOf,
  type RankFailure,
} from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';

/** Why ranks failed, by rank, as the Distributed Map wrote it down. Empty for other kinds of Map. */
export async function mapFailures(
  store: ObjectStore,
  mapPrefix: string,
): Promise<ReadonlyMap<number, Pick<RankFailure, 'error' | 'cause'>>> {
  const failures = new Map<number, Pick<RankFailure, 'error' | 'cause'>>();
  for await (const { key } of store.list(`${mapPrefix}/`)) {
    if (!/\/FAILED_\d+\.json$/.test(key)) continue;
    const children = parseJsonAs(mapResultsSchema, (await store.get(key)).toString(), key);
    for (const { Input, Error: error = 'Unknown', Cause: cause = '' } of children)
      for (const rank of ranksOf(jsonOrText(Input))) failures.set(rank, { error, cause: functionMessage(cause) });
  }
  return failures;
}
