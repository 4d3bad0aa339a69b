import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CloudFormationClient, DeleteStackCommand, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import { DescribeServicesCommand, ECSClient } from '@aws-sdk/client-ecs';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { DescribeStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { listAll, openStore, type ObjectStore } from '@cosmicai/store';
import { startMoto, whyNoMoto, type MotoServer } from '../../../test/moto-server.ts';
import { layOutBucket, stackOutputs, stageOptions } from '../src/index.ts';
import { givenBase, standInRegistry } from './stand-in-registry.ts';
import { oneDeployment } from '../../../test/one-deployment.ts';
import { root, temporaryFolder } from '../../../test/stacks.ts';

/** moto's account. */
const ACCOUNT = '123456789012';
const BUCKET = `cosmicai-local-${ACCOUNT}-us-east-1`;
const MACHINE = `arn:aws:states:us-east-1:${ACCOUNT}:stateMachine:cosmicai-local`;

const reason = whyNoMoto();
if (reason !== undefined) console.warn(`Deploying is not tested: ${reason}`);

(reason === undefined ? describe : describe.skip)('a stage on moto, an imitation of the AWS APIs', () => {
  let moto: MotoServer;
  let deployed: string;
  let store: ObjectStore;

  beforeAll(async () => {
    moto = await startMoto();
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: moto.url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
    store = openStore(`s3://${BUCKET}`);
    deployed = (await oneDeployment(() => cosmicai('deploy', 'local'))).stdout;
  }, 480_000);
  afterAll(async () => {
    await moto.stop();
  });

  it('has every function under the name that the state machine calls', async () => {
    const { Functions = [] } = await new LambdaClient().send(new ListFunctionsCommand());
    const names = Functions.map(({ FunctionName }) => FunctionName);
    const machine = await new SFNClient().send(new DescribeStateMachineCommand({ stateMachineArn: MACHINE }));
    const called = [...machine.definition!.matchAll(/"FunctionName": "([^"]+)"/g)].map(([, name]) => name!);
    expect(called).toHaveLength(4);
    expect(names).toEqual(expect.arrayContaining(called));
    expect(names).toContain('cosmicai-summarize-local-resultSummary');
    for (const { Runtime, Role, FunctionName } of Functions) {
      expect(Runtime).toBe('nodejs24.x');
      expect(Role).toContain(FunctionName!.split('-').pop());
    }
  });

  it('has a bucket with the folders that users know, and says what to do next', async () => {
    const keys = await keysOf(store);
    expect(keys).toEqual([
      'configs/',
      'configs/payload.json',
      'datasets/large/',
      'datasets/medium/',
      'datasets/small/',
      'models/',
      'models/astromae-demo-int8.onnx',
      'results/',
      'scaling/',
    ]);
    expect(deployed).toContain(`cosmicai run --target aws --stage local s3://${BUCKET}/configs/payload.json`);
  });

  it('keeps a payload that somebody has edited when it is laid out again', async () => {
    await store.put('configs/payload.json', '{"edited": true}');
    const model = 'models/astromae-demo-int8.onnx';
    expect(await layOutBucket(store, BUCKET, stageOptions('local'))).toEqual({
      payload: 'configs/payload.json',
      model: { key: model, sent: [], kept: [model], removed: [] },
    });
    expect((await store.get('configs/payload.json')).toString()).toBe('{"edited": true}');
  });

  it('stays where nobody can be asked', async () => {
    const remove = cosmicai('remove', 'local');
    await expect(remove).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('give --yes') as unknown });
    expect(await keysOf(store)).toContain('configs/payload.json');
  });

  it('takes the bucket over that an earlier removal left', async () => {
    await oneDeployment(() => cosmicai('remove', 'local', '--yes', '--keep-bucket'));
    const { stderr } = await oneDeployment(() => cosmicai('deploy', 'local'));
    expect(stderr).toContain('The bucket was there before the stack');
    expect((await store.get('configs/payload.json')).toString()).toBe('{"edited": true}');
    expect((await stackOutputs('local', 'us-east-1'))?.get('BucketName')).toBe(BUCKET);
  }, 480_000);

  it('is removed with its bucket and everything in it', async () => {
    await store.put('results/a', '1');
    await store.put('results/a', '2');
    await store.delete('results/a');
    // As after a deployment that ended half-way.
    await new CloudFormationClient().send(new DeleteStackCommand({ StackName: 'cosmicai-init-local' }));
    const { stdout, stderr } = await oneDeployment(() => cosmicai('remove', 'local', '--yes'));
    expect(stderr).toContain('Note: not there, so not removed: cosmicai-init-local\n');
    expect(stdout).toMatch(/^Removed stage local and s3:\/\/\S+ with \d+ object versions\.\n$/);
    await expect(store.get('configs/payload.json')).rejects.toThrow('There is no bucket');
    const { Functions = [] } = await new LambdaClient().send(new ListFunctionsCommand());
    expect(Functions).toEqual([]);
  }, 480_000);

  it('pushes the rendezvous server’s image without Docker, starts it, and leaves it alone when deployed by itself', async () => {
    await using registry = await standInRegistry({ open: true });
    const base = givenBase(registry);
    const host = registry.url.replace('http://', '');
    const stages = await temporaryFolder('stages');
    const given = async (more = '') =>
      await writeFile(
        join(stages, 'met.yml'),
        `deployment: { bucket: packages-met, method: direct }\nbudget: { monthly: 5 }\nrendezvous: { enabled: true, mode: always, base_image: ${host}/base:1, registry: '${host}'${more} }\n`,
      );
    await given();
    const environment = { COSMICAI_STAGES: stages };
    const deploy = async () =>
      await oneDeployment(() => execute(process.execPath, [COSMICAI, 'deploy', 'met', '--json'], environment));
    const { stderr } = await deploy();
    expect(stderr).toContain('Created the role AWSServiceRoleForECS');
    const image = await runningServer();
    expect(image).toMatch(/^:[0-9a-f]{20}$/);
    const tag = image.slice(1);
    expect(registry.manifests.has(`cosmicai-met-rendezvous ${tag}`)).toBe(true);
    const stateMachineArn = MACHINE.replace('local', 'met');
    const { status } = await new SFNClient().send(new DescribeStateMachineCommand({ stateMachineArn }));
    expect(status).toBe('ACTIVE');

    // The base's name means another image now; the stage keeps the one that it was made on, and the framework alone changes nothing.
    registry.manifests.delete('base 1');
    const sls = join(root, 'node_modules/.bin/sls');
    await given(', cpu: 512, memory: 1024');
    const own = await oneDeployment(() => execute(sls, ['deploy', '--stage', 'met'], environment));
    expect(own.stderr).not.toContain('no image');
    expect(await runningServer()).toBe(image);
    expect((await stackOutputs('met', 'us-east-1'))?.get('RendezvousImageBase')).toBe(`${host}/base@${base}`);
    await deploy();
    expect(await runningServer()).toBe(image);
  }, 480_000);
});

/** Image of the one server that runs. */
async function runningServer(): Promise<string> {
  const ecs = new ECSClient();
  const { services = [] } = await ecs.send(
    new DescribeServicesCommand({ cluster: 'cosmicai-met', services: ['rendezvous'] }),
  );
  expect(services.map(({ desiredCount }) => desiredCount)).toEqual([1]);
  // moto knows no image of a task that a stack has made.
  const { TemplateBody = '' } = await new CloudFormationClient().send(
    new GetTemplateCommand({ StackName: 'cosmicai-met' }),
  );
  return /RepositoryUri\}(:[^"]+)"/.exec(TemplateBody)![1]!;
}

describe('the commands for stages', () => {
  it.each(['deploy', 'remove'])('%s refuses wrong use with exit code 2', async (name) => {
    for (const wrong of [[], ['dev', 'prod'], ['dev', '--kep-bucket']])
      await expect(cosmicai(name, ...wrong)).rejects.toMatchObject({ code: 2 });
  });

  it('say what is wrong with a stage before they ask AWS for anything', async () => {
    const stages = await temporaryFolder('stages');
    await writeFile(join(stages, 'typo.yml'), 'inference: { memroy: 3008 }\n');
    await writeFile(join(stages, 'kind.yml'), 'log_retention_days: soon\n');
    const refusal = async (stage: string) =>
      await execute(process.execPath, [COSMICAI, 'deploy', stage], { COSMICAI_STAGES: stages }).then(
        () => 'deployed',
        (error: unknown) => error,
      );
    const refused = (words: string) => ({ code: 2, stderr: expect.stringContaining(words) as unknown });
    expect(await refusal('typo')).toMatchObject(
      refused('unknown option "inference.memroy". Known here: architecture, memory'),
    );
    expect(await refusal('kind')).toMatchObject(refused('"log_retention_days" must be a number, not a string'));
    expect(await refusal('Too_Long-a-name')).toMatchObject(refused('2 to 16 lower-case letters'));
  });
});

/** With the environment that the tests have set up, which a sandboxed test would not hand on by itself. */
async function execute(
  command: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ stdout: string; stderr: string }> {
  return await promisify(execFile)(command, args, { cwd: root, env: { ...process.env, ...environment } });
}

const COSMICAI = join(root, 'packages/cli/src/main.ts');

async function cosmicai(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return await execute(process.execPath, [COSMICAI, ...args]);
}

async function keysOf(store: ObjectStore): Promise<string[]> {
  return (await listAll(store, '')).objects.map(({ key }) => key);
}
