/** The policies that are printed, as a test holds calls against them. */
import { join } from 'node:path';
import { policyRoles, stagePolicy, type PolicyRole } from '../../packages/deploy/src/index.ts';
import { reduced, type AskedFor } from './recorded.ts';
import { refused, type IamStatement } from './simulate.ts';

/** Of rehearsals. */
export const ACCOUNT = '123456789012';

/** @param stages folder of the stage's file */
export function policyOf(role: PolicyRole, stage: string, stages: string, region?: string) {
  const before = process.env.COSMICAI_STAGES;
  process.env.COSMICAI_STAGES = stages;
  try {
    const place = { account: ACCOUNT, ...(region !== undefined && { region }) };
    const { document, ...rest } = stagePolicy(role, stage, place);
    return { ...rest, allowed: (document as { Statement: IamStatement[] }).Statement };
  } finally {
    if (before === undefined) delete process.env.COSMICAI_STAGES;
    else process.env.COSMICAI_STAGES = before;
  }
}

/** Of a stage as rehearsals deploy it. */
export const rehearsed = (role: PolicyRole) => policyOf(role, 'dev', join(import.meta.dirname, 'stages'));

/** What users asked for in a rehearsal, by the lines of its calls.jsonl, that their printed policies don't allow. */
export function refusedByPolicies(lines: string): AskedFor[] {
  const calls = reduced(lines);
  return policyRoles.flatMap((role) =>
    refused(
      rehearsed(role).allowed,
      calls.filter(({ principal }) => principal === role),
    ),
  );
}

/** What functions asked for in a rehearsal that the roles which it deployed don't allow. @param roles of its roles.json, by name */
export function refusedByRoles(lines: string, roles: Readonly<Record<string, readonly IamStatement[]>>): AskedFor[] {
  const calls = reduced(lines).filter(({ principal }) => principal.startsWith('cosmicai-'));
  return calls.filter((call) => refused(roles[call.principal] ?? [], [call]).length > 0);
}
