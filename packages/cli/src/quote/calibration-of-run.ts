import { cpus } from 'node:os';
import {
  calibratedBy,
  DEFAULT_AWS_LIMITS,
  DEFAULT_CALIBRATION,
  fromRankResult,
  type Calibration,
} from '@cosmicai/metrics';
import { parseJsonAs, rankResultSchema } from '@cosmicai/payload';
import { openStore } from '@cosmicai/store';
import { z } from 'zod';
import { resultsLocation } from '../inputs/files.ts';

/** How the ranks of a results folder's newest run behaved. @throws UserInputError when there are none that tell */
export async function calibrationOf(results: string, cwd: string): Promise<Calibration> {
  const { bucket, resultPath } = resultsLocation(results, cwd);
  const key = `${resultPath}/combined_data.json`;
  const ranks = parseJsonAs(z.array(rankResultSchema), (await openStore(bucket).get(key)).toString(), key);
  const memory = ranks[0]?.memory_limit_mb;
  const onLambda = ranks.length > 0 && process.env.AWS_REGION !== undefined && memory !== null && memory !== undefined;
  return calibratedBy(ranks.map(fromRankResult), {
    base: DEFAULT_CALIBRATION,
    vcpus: onLambda ? memory / DEFAULT_AWS_LIMITS.memoryMbPerVcpu : Math.max(1, cpus().length / 2),
    source: `the ranks of ${bucket}/${key}`,
  });
}
