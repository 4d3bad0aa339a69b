import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { DescribeStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { listAll, openStore, type ObjectStore } from '@cosmicai/store';
import { startMoto, whyNoMoto, type MotoServer } from '../../../test/moto-server.ts';
import { layOutBucket, stageOptions } from '../src/index.ts';
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

  it('is removed with its bucket and everything in it', async () => {
    await store.put('results/a', '1');
    await store.put('results/a', '2');
    await store.delete('results/a');
    const { stdout } = await oneDeployment(() => cosmicai('remove', 'local', '--yes'));
    expect(stdout).toMatch(/^Removed stage local and s3:\/\/\S+ with \d+ object versions\.\n$/);
    await expect(store.get('configs/payload.json')).rejects.toThrow('There is no bucket');
    const { Functions = [] } = await new LambdaClient().send(new ListFunctionsCommand());
    expect(Functions).toEqual([]);
  }, 480_000);

  it('sets up the rendezvous server too, whose network moto can not remove again', async () => {
    const stages = await temporaryFolder('stages');
    const options = 'deployment: { bucket: packages-met, method: direct }\nrendezvous: { enabled: true }\n';
    await writeFile(join(stages, 'met.yml'), options);
    await s3().send(new CreateBucketCommand({ Bucket: 'packages-met' }));
    const sls = join(root, 'node_modules/.bin/sls');
    const deploy = ['deploy', '--stage', 'met', '--param', 'rendezvous_tasks=1'];
    await oneDeployment(() => execute(sls, deploy, { COSMICAI_STAGES: stages }));
    const stateMachineArn = MACHINE.replace('local', 'met');
    const { status } = await new SFNClient().send(new DescribeStateMachineCommand({ stateMachineArn }));
    expect(status).toBe('ACTIVE');

    // Docker itself is replaced by a script that notes what it is asked.
    const docker = join(stages, 'docker');
    await writeFile(docker, `#!/bin/sh\necho "$@" >> ${stages}/asked\n`, { mode: 0o755 });
    const push = `
      const { pushImage, stageOptions } = await import(${JSON.stringify(join(root, 'packages/deploy/src/index.ts'))});
      await pushImage('met', '${ACCOUNT}', stageOptions('met'), new Date(0), new AbortController().signal);`;
    const PATH = `${stages}:${process.env.PATH ?? ''}`;
    await execute(process.execPath, ['--input-type=module', '-e', push], { PATH, COSMICAI_STAGES: stages });
    const registry = `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`;
    const image = `${registry}/cosmicai-met-rendezvous:1970-01-01T00-00-00-000Z`;
    expect((await readFile(join(stages, 'asked'), 'utf8')).trim().split('\n')).toEqual([
      `build --platform linux/amd64 --tag ${image} .`,
      `login --username AWS --password-stdin ${registry}`,
      `push ${image}`,
    ]);
  }, 480_000);
});

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

function s3(): S3Client {
  return new S3Client({ forcePathStyle: true });
}
