import type { ContextEntry, SimulatePrincipalPolicyCommandInput } from '@aws-sdk/client-iam';
import type { Statement } from '@cosmicai/deploy';
import { explained } from '../services/aws-errors.ts';

/** Stands for what a policy leaves open in a resource: IAM simulates requests, which name things. */
const EXAMPLE = 'example';

/**
 * Asks IAM which actions of statements the policies of a user or a role refuse.
 *
 * @param caller ARN, as STS tells it
 */
export async function refusedActions(
  caller: string,
  statements: readonly Statement[],
  region: string,
): Promise<string[]> {
  const { IAMClient, paginateSimulatePrincipalPolicy } = await import('@aws-sdk/client-iam');
  const client = new IAMClient({ region });
  const principal = await principalOf(caller, region);
  const refused = new Set<string>();
  await explained(`ask IAM what ${principal} may do`, async () => {
    for (const statement of statements)
      for await (const page of paginateSimulatePrincipalPolicy({ client }, request(principal, statement)))
        for (const { EvalActionName: action, EvalDecision: decision } of page.EvaluationResults ?? [])
          if (action !== undefined && decision !== 'allowed') refused.add(action);
  });
  return [...refused].sort();
}

/** Whose policies IAM simulates for a caller: the user, or the role whose session it is. */
async function principalOf(caller: string, region: string): Promise<string> {
  const [, partition = 'aws', service, , account = '', rest = ''] = caller.split(':');
  if (service === 'iam' && rest.startsWith('user/')) return caller;
  const [, role] = /^assumed-role\/([^/]+)\//.exec(rest) ?? [];
  if (service !== 'sts' || role === undefined)
    throw new Error(`${caller} is no user and no role of IAM, so there are no policies to ask for.`);
  // A session doesn't tell its role's path; who may not look takes it to have none.
  const { GetRoleCommand, IAMClient } = await import('@aws-sdk/client-iam');
  return await new IAMClient({ region }).send(new GetRoleCommand({ RoleName: role })).then(
    ({ Role }) => Role?.Arn ?? '',
    () => `arn:${partition}:iam::${account}:role/${role}`,
  );
}

/** The request that simulates a statement: all its actions on all its resources, its conditions met. */
export function request(
  principal: string,
  { actions, resources, condition = {} }: Statement,
): SimulatePrincipalPolicyCommandInput {
  const named = resources.filter((resource) => resource !== '*').map((resource) => resource.replaceAll('*', EXAMPLE));
  const context = Object.values(condition).flatMap((keys) =>
    Object.entries(keys).map(([key, value]): ContextEntry => ({
      ContextKeyName: key,
      ContextKeyType: 'string',
      ContextKeyValues: [value].flat(),
    })),
  );
  return {
    PolicySourceArn: principal,
    ActionNames: [...actions],
    ...(named.length > 0 && { ResourceArns: named }),
    ...(context.length > 0 && { ContextEntries: context }),
  };
}
