import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { startMoto, whyNoMoto, type MotoServer } from '../../../test/moto-server.ts';
import { stageServer } from '../src/stage-server.ts';

const REGION = 'us-east-1';
const ENVIRONMENT = {
  COSMICAI_RENDEZVOUS_SERVICE: 'cosmicai-dev/rendezvous',
  COSMICAI_RENDEZVOUS_PORT: '10000',
  COSMICAI_RENDEZVOUS_MODE: 'on-demand',
};

it('is known by the environment of the function', () => {
  expect(stageServer({})).toBeUndefined();
  expect(stageServer({ ...ENVIRONMENT, COSMICAI_RENDEZVOUS_SERVICE: '' })).toBeUndefined();
  expect(stageServer(ENVIRONMENT)).toMatchObject({ name: undefined, onDemand: true });
  const named = { COSMICAI_RENDEZVOUS_NAME: 'meet.example.org', COSMICAI_RENDEZVOUS_MODE: 'always' };
  expect(stageServer({ ...ENVIRONMENT, ...named })).toMatchObject({ name: 'meet.example.org:10000', onDemand: false });
});

const reason = whyNoMoto();
if (reason !== undefined) console.warn(`Finding the rendezvous server's task is not tested: ${reason}`);

(reason === undefined ? describe : describe.skip)('on moto, whose services start no tasks by themselves', () => {
  let moto: MotoServer;
  let ecs: ECSClient;
  let ec2: EC2Client;
  const cluster = 'cosmicai-dev';

  beforeAll(async () => {
    moto = await startMoto();
    Object.assign(process.env, {
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL: moto.url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
    // A task would stop by itself as it is looked at.
    const transition = { progression: 'manual', times: 1000 };
    await fetch(`${moto.url}/moto-api/state-manager/set-transition`, {
      method: 'POST',
      body: JSON.stringify({ model_name: 'ecs::task', transition }),
    });
    ecs = new ECSClient({ region: REGION });
    ec2 = new EC2Client({ region: REGION });
    await ecs.send(new CreateClusterCommand({ clusterName: cluster }));
    const containerDefinitions = [{ name: 'rendezvous', image: 'rendezvous', memory: 512 }];
    const task = { family: 'rendezvous', networkMode: 'awsvpc' as const, containerDefinitions };
    await ecs.send(new RegisterTaskDefinitionCommand(task));
  });
  afterAll(() => moto.stop());

  /** Starts a task with a public address as Fargate gives it one; answers both. */
  async function startTask(): Promise<{ task: string; ip: string }> {
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand());
    const { tasks = [] } = await ecs.send(
      new RunTaskCommand({
        cluster,
        taskDefinition: 'rendezvous',
        launchType: 'FARGATE',
        networkConfiguration: { awsvpcConfiguration: { subnets: [Subnets[0]!.SubnetId!], securityGroups: [] } },
      }),
    );
    const task = tasks[0]!.taskArn!;
    const details = tasks[0]!.attachments!.flatMap((attachment) => attachment.details ?? []);
    const networkInterface = details.find(({ name }) => name === 'networkInterfaceId')!.value!;
    const { AllocationId, PublicIp } = await ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }));
    await ec2.send(new AssociateAddressCommand({ AllocationId: AllocationId!, NetworkInterfaceId: networkInterface }));
    return { task, ip: PublicIp! };
  }

  it('is found at the public address of the task that runs now', async () => {
    const server = stageServer(ENVIRONMENT)!;
    const since = new Date(0);
    await expect(server.look(since)).rejects.toThrow(/there is no ECS service cosmicai-dev\/rendezvous/);
    await ecs.send(
      new CreateServiceCommand({ cluster, serviceName: 'rendezvous', taskDefinition: 'rendezvous', desiredCount: 0 }),
    );
    expect(await server.look(since)).toMatchObject({ wanted: 0, endpoint: undefined });
    await server.start();
    expect((await server.look(since)).wanted).toBe(1);
    const first = await startTask();
    expect((await server.look(since)).endpoint).toBe(`${first.ip}:10000`);
    await ecs.send(new StopTaskCommand({ cluster, task: first.task, reason: 'it was enough' }));
    expect(await server.look(since)).toMatchObject({ endpoint: undefined, news: 'it was enough' });
    const second = await startTask();
    expect((await server.look(since)).endpoint).toBe(`${second.ip}:10000`);
    await server.stop();
    expect((await server.look(since)).wanted).toBe(0);
  });
});
