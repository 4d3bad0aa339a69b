import type { Task } from '@aws-sdk/client-ecs';
import { EnvironmentError, once } from '@cosmicai/payload';

/** What ECS knows of the service of a stage's rendezvous server. */
export interface ServerState {
  /** Tasks that the service is to have. */
  readonly wanted: number;
  /** `host:port` of the task that runs; undefined: none does yet. */
  readonly endpoint: string | undefined;
  /** What ECS has to say of the service or of its last task, for people. */
  readonly news: string | undefined;
}

/** The rendezvous server of the stage that a function belongs to. */
export interface StageServer {
  /** CLUSTER/SERVICE of ECS. */
  readonly service: string;
  readonly region: string;
  /** `name:port` of the DNS name that follows it; undefined: it has none. */
  readonly name: string | undefined;
  /** Whether it is there for runs only, and so started for them. */
  readonly onDemand: boolean;
  /** @param since tasks that stopped before tell nothing of now */
  look(since: Date): Promise<ServerState>;
  /** Lets the service have one task. */
  start(): Promise<void>;
  /** Lets it have none. */
  stop(): Promise<void>;
}

/**
 * The server that the function's environment names: COSMICAI_RENDEZVOUS_SERVICE (CLUSTER/SERVICE of ECS), _PORT, _MODE and _NAME.
 *
 * @returns undefined where the stage has none
 */
export function stageServer(environment: NodeJS.ProcessEnv): StageServer | undefined {
  const { COSMICAI_RENDEZVOUS_SERVICE: service = '', COSMICAI_RENDEZVOUS_NAME: name = '' } = environment;
  const port = environment.COSMICAI_RENDEZVOUS_PORT ?? '';
  if (service === '') return undefined;
  const [cluster = '', serviceName = ''] = service.split('/');
  return {
    service,
    region: environment.AWS_REGION ?? '',
    name: name === '' ? undefined : `${name}:${port}`,
    onDemand: environment.COSMICAI_RENDEZVOUS_MODE === 'on-demand',
    look: (since) => look({ cluster, service: serviceName }, port, since),
    start: () => setCount({ cluster, service: serviceName }, 1),
    stop: () => setCount({ cluster, service: serviceName }, 0),
  };
}

interface Named {
  readonly cluster: string;
  readonly service: string;
}

/** Only runs whose ranks meet need them; a wait asks many times. */
const openEcs = once(async () => {
  const sdk = await import('@aws-sdk/client-ecs');
  return { ...sdk, ecs: new sdk.ECSClient() };
});
const openEc2 = once(async () => {
  const sdk = await import('@aws-sdk/client-ec2');
  return { ...sdk, ec2: new sdk.EC2Client() };
});

async function setCount(named: Named, desiredCount: number): Promise<void> {
  const { ecs, UpdateServiceCommand } = await openEcs();
  await ecs.send(new UpdateServiceCommand({ ...named, desiredCount }));
}

async function look(named: Named, port: string, since: Date): Promise<ServerState> {
  const { ecs, DescribeServicesCommand } = await openEcs();
  const { cluster, service } = named;
  const { services: [found] = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: [service] }));
  if (found?.status !== 'ACTIVE') {
    throw new EnvironmentError(
      `The stage's rendezvous server is not deployed: there is no ECS service ${cluster}/${service}. Deploy the stage again.`,
    );
  }
  const address = await addressOf(named);
  return {
    wanted: found.desiredCount ?? 0,
    endpoint: address === undefined ? undefined : `${address}:${port}`,
    news: (address === undefined ? await lastEnd(named, since) : undefined) ?? found.events?.[0]?.message,
  };
}

async function tasksOf({ cluster, service }: Named, desiredStatus: 'RUNNING' | 'STOPPED') {
  const { ecs, DescribeTasksCommand, ListTasksCommand } = await openEcs();
  const { taskArns: tasks = [] } = await ecs.send(
    new ListTasksCommand({ cluster, serviceName: service, desiredStatus }),
  );
  return tasks.length === 0 ? [] : ((await ecs.send(new DescribeTasksCommand({ cluster, tasks }))).tasks ?? []);
}

/** Public address of the newest task that runs: while one is replaced by the next, that is the one to meet at. */
async function addressOf(named: Named): Promise<string | undefined> {
  const [newest] = (await tasksOf(named, 'RUNNING'))
    .filter(({ lastStatus }) => lastStatus === 'RUNNING')
    .sort((a, b) => Number(b.startedAt ?? 0) - Number(a.startedAt ?? 0));
  const details = (newest?.attachments ?? []).flatMap((attachment) => attachment.details ?? []);
  const networkInterface = details.find(({ name }) => name === 'networkInterfaceId')?.value;
  if (networkInterface === undefined) return undefined;
  const { ec2, DescribeNetworkInterfacesCommand } = await openEc2();
  const { NetworkInterfaces: [found] = [] } = await ec2.send(
    new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [networkInterface] }),
  );
  return found?.Association?.PublicIp;
}

/** Why the task that stopped last did, which ECS tells for an hour. */
async function lastEnd(named: Named, since: Date): Promise<string | undefined> {
  // Of a task that has only just been told to stop neither time may be known.
  const endOf = ({ stoppedAt, stoppingAt }: Task) => stoppedAt ?? stoppingAt ?? since;
  const [last] = (await tasksOf(named, 'STOPPED'))
    .filter((task) => endOf(task) >= since)
    .sort((a, b) => Number(endOf(b)) - Number(endOf(a)));
  return last?.stoppedReason;
}
