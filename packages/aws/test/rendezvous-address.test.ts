import {
  EC2Client,
  AllocateAddressCommand,
  AssociateAddressCommand,
  DescribeSubnetsCommand,
} from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { startMoto, whyNoMoto, type MotoServer } from '../../../test/moto-server.ts';
import { rendezvousAddress, rendezvousService } from '../src/stage/rendezvous-address.ts';

const REGION = 'us-east-1';
const OUTPUTS = new Map([
  ['RendezvousClusterName', 'cosmicai-dev'],
  ['RendezvousServiceName', 'rendezvous'],
  ['RendezvousPort', '10000'],
]);
const address = (outputs: ReadonlyMap<string, string>) => rendezvousAddress('dev', rendezvousService(outputs), REGION);

describe('the address of a stage’s rendezvous server', () => {
  it('is the DNS name that follows it, where the stage has one', async () => {
    expect(await address(new Map([...OUTPUTS, ['RendezvousEndpoint', 'meet.example.org:10000']]))).toBe(
      'meet.example.org:10000',
    );
  });

  it('can not be found where the stage has no server', async () => {
    await expect(address(new Map([['BucketName', 'galaxies']]))).rejects.toThrow(
      /Stage dev has no rendezvous server\. Set rendezvous\.enabled in config\/dev\.yml/,
    );
  });
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

  it('is the public address of the task that runs now', async () => {
    await expect(address(OUTPUTS)).rejects.toThrow(/rendezvous server of stage dev is not running.*--desired-count 1/);
    const first = await startTask();
    expect(await address(OUTPUTS)).toBe(`${first.ip}:10000`);
    await ecs.send(new StopTaskCommand({ cluster, task: first.task }));
    const second = await startTask();
    expect(second.ip).not.toBe(first.ip);
    expect(await address(OUTPUTS)).toBe(`${second.ip}:10000`);
  });
});
