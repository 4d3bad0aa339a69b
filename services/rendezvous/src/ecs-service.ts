import { EnvironmentError } from '@cosmicai/payload';

/**
 * Lets a service of ECS start no more tasks: without this it would start another server as soon as this one has ended.
 *
 * @param name CLUSTER/SERVICE
 * @throws EnvironmentError
 */
export async function endEcsService(name: string): Promise<void> {
  const [cluster = '', service = ''] = name.split('/');
  const { ECSClient, UpdateServiceCommand } = await import('@aws-sdk/client-ecs');
  const client = new ECSClient();
  try {
    await client.send(new UpdateServiceCommand({ cluster, service, desiredCount: 0 }));
  } catch (error) {
    throw new EnvironmentError(
      `The ECS service ${name} can't be set to no tasks (${(error as Error).message}), so it starts another server. The task's role must allow ecs:UpdateService on it.`,
      { cause: error },
    );
  } finally {
    client.destroy();
  }
}
