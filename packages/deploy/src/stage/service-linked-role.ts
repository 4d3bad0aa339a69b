const ROLE = 'AWSServiceRoleForECS';
export const CREATE_CONTAINERS_ROLE = 'aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com';

/**
 * Sees to it that the account has the role by which ECS works for it, which it gets with its first cluster, often too late for the
 * stack that brings it. What can't be found out or done is said.
 */
export async function ensureContainersRole(region: string, say: (line: string) => void): Promise<void> {
  // Who may not look goes on: in most accounts it is there.
  if (await hasContainersRole(region).catch(() => true)) return;
  const { CreateServiceLinkedRoleCommand, IAMClient } = await import('@aws-sdk/client-iam');
  const iam = new IAMClient({ region });
  try {
    await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: 'ecs.amazonaws.com' }));
    say(`Created the role ${ROLE}, by which ECS works for the account.`);
  } catch (error) {
    if ((error as Error).name === 'InvalidInputException') return;
    say(
      `Note: the account has no role ${ROLE} yet and you may not create it (${(error as Error).name}). If the stack fails at the cluster, ask an administrator for: ${CREATE_CONTAINERS_ROLE}`,
    );
  }
}

/** Whether the account has the role by which ECS works for it. */
export async function hasContainersRole(region: string): Promise<boolean> {
  const { GetRoleCommand, IAMClient } = await import('@aws-sdk/client-iam');
  try {
    await new IAMClient({ region }).send(new GetRoleCommand({ RoleName: ROLE }));
    return true;
  } catch (error) {
    if ((error as Error).name === 'NoSuchEntityException') return false;
    throw error;
  }
}
