import { EnvironmentError, UserInputError } from '@cosmicai/payload';
import { explained } from '../services/aws-errors.ts';

/** Where a stage's rendezvous server runs, by the outputs of its stack. */
export interface RendezvousService {
  readonly cluster: string;
  readonly service: string;
  readonly port: number;
  /** `name:port` of a DNS name that follows the server; undefined: the stage has none. */
  readonly endpoint: string | undefined;
}

/** @returns undefined when the stage has no rendezvous server */
export function rendezvousService(outputs: ReadonlyMap<string, string>): RendezvousService | undefined {
  const cluster = outputs.get('RendezvousClusterName');
  const service = outputs.get('RendezvousServiceName');
  const port = Number(outputs.get('RendezvousPort'));
  if (cluster === undefined || service === undefined || Number.isNaN(port)) return undefined;
  return { cluster, service, port, endpoint: outputs.get('RendezvousEndpoint') };
}

/**
 * Where the ranks of a stage meet, as `host:port`: at the DNS name that follows the server, else at the public address that its task
 * has now. Fargate gives each task another one.
 *
 * @throws UserInputError when the stage has no server; EnvironmentError when it has one that isn't running
 */
export async function rendezvousAddress(
  stage: string,
  server: RendezvousService | undefined,
  region: string,
): Promise<string> {
  if (server === undefined) {
    throw new UserInputError(
      `Stage ${stage} has no rendezvous server. Set rendezvous.enabled in config/${stage}.yml and deploy it again (cosmicai deploy ${stage}), or name another server: rendezvous_endpoint in the payload, --rendezvous for a ping.`,
    );
  }
  if (server.endpoint !== undefined) return server.endpoint;
  const networkInterface = await interfaceOfTask(stage, server, region);
  return `${await publicAddress(networkInterface, region)}:${server.port}`;
}

async function interfaceOfTask(
  stage: string,
  { cluster, service }: RendezvousService,
  region: string,
): Promise<string> {
  const sdk = await import('@aws-sdk/client-ecs');
  const client = new sdk.ECSClient({ region });
  const running = await explained(`find the rendezvous server of stage ${stage}`, async () => {
    const request = { cluster, serviceName: service, desiredStatus: 'RUNNING' as const };
    const { taskArns: tasks = [] } = await client.send(new sdk.ListTasksCommand(request));
    if (tasks.length === 0) return [];
    return (await client.send(new sdk.DescribeTasksCommand({ cluster, tasks }))).tasks ?? [];
  });
  // While one task is replaced by the next, the newest that runs is the one to meet at.
  const [newest] = running
    .filter(({ lastStatus }) => lastStatus === 'RUNNING')
    .sort((a, b) => Number(b.startedAt ?? 0) - Number(a.startedAt ?? 0));
  if (newest === undefined) {
    const [first] = running;
    const state = first === undefined ? 'not running' : `starting (${first.lastStatus ?? 'unknown'})`;
    throw new EnvironmentError(
      `The rendezvous server of stage ${stage} is ${state}. If it was paused: aws ecs update-service --region ${region} --cluster ${cluster} --service ${service} --desired-count 1. Why it stopped stands in the events of that service and in the log /cosmicai/${stage}/rendezvous.`,
    );
  }
  const details = (newest.attachments ?? []).flatMap((attachment) => attachment.details ?? []);
  const found = details.find(({ name }) => name === 'networkInterfaceId')?.value;
  if (found === undefined)
    throw new EnvironmentError(`The rendezvous server of stage ${stage} has no network interface yet. Try again soon.`);
  return found;
}

async function publicAddress(networkInterface: string, region: string): Promise<string> {
  const sdk = await import('@aws-sdk/client-ec2');
  const client = new sdk.EC2Client({ region });
  const { NetworkInterfaces: [found] = [] } = await explained(`look up the address of ${networkInterface}`, () =>
    client.send(new sdk.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [networkInterface] })),
  );
  const address = found?.Association?.PublicIp;
  if (address !== undefined) return address;
  throw new EnvironmentError(
    `The rendezvous server's network interface ${networkInterface} has no public address: its subnets must give it one (AssignPublicIp).`,
  );
}
