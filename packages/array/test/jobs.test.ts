import { spawnSync } from 'node:child_process';
import { Job } from 'kubernetes-models/batch/v1';
import { parse, parseAllDocuments } from 'yaml';
import { batchFiles, kubernetesFiles, slurmFiles, taskIndex, type ArrayJob, type GeneratedFile } from '../src/index.ts';
import { UserInputError } from '@cosmicai/payload';

const job = (ranks: number, more: Partial<ArrayJob> = {}): ArrayJob => ({
  place: { bucket: 'galaxies', resultPath: 'out', runId: '20260304T050607Z-01234567' },
  run: { world_size: ranks, max_concurrency: 1000 },
  dataBuckets: ['survey', 's3://models/m.onnx'],
  ...{ folders: [], modelArguments: [] },
  ...{ image: 'registry.example.org/cosmicai:1', cpus: 2, memory: 4096 },
  ...more,
});
const MANIFEST = 's3://galaxies/out/runs/20260304T050607Z-01234567/manifest.json';
const textOf = (files: readonly GeneratedFile[], name: string) => files.find((file) => file.name === name)!.text;
const yamlOf = (files: readonly GeneratedFile[], name: string) =>
  parseAllDocuments(textOf(files, name)).map((document) => document.toJS() as ConstructorParameters<typeof Job>[0]);
const syntaxOf = (script: string) => spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' }).stderr;

describe('jobs for Kubernetes', () => {
  it('are what its schema allows', () => {
    const files = kubernetesFiles(job(25_000), { namespace: 'sky', serviceAccount: 'reader' });
    for (const name of ['ranks.yaml', 'summarize.yaml'])
      for (const each of yamlOf(files, name)) expect(() => new Job(each).validate()).not.toThrow();
    expect(() =>
      new Job({ ...yamlOf(files, 'ranks.yaml')[0], spec: { completions: 'many' } } as never).validate(),
    ).toThrow();
  });

  it('have a task for each rank, in arrays of 10,000, and no more at once than the payload says', () => {
    const specs = yamlOf(kubernetesFiles(job(25_000)), 'ranks.yaml').map((each) => each!.spec!);
    expect(specs.map(({ completions }) => completions)).toEqual([10_000, 10_000, 5000]);
    expect(specs.map(({ completionMode, parallelism }) => [completionMode, parallelism])).toEqual(
      Array.from({ length: 3 }, () => ['Indexed', 333]),
    );
    const args = specs.map(({ template }) => template.spec!.containers[0]!.args!.join(' '));
    expect(args).toEqual([
      `rank --manifest ${MANIFEST} --memory 3840`,
      `rank --manifest ${MANIFEST} --offset 10000 --memory 3840`,
      `rank --manifest ${MANIFEST} --offset 20000 --memory 3840`,
    ]);
  });

  it('try evicted pods again without counting that, and wrong input not at all', () => {
    const { podFailurePolicy, backoffLimitPerIndex } = yamlOf(kubernetesFiles(job(3)), 'ranks.yaml')[0]!.spec!;
    expect(podFailurePolicy!.rules).toEqual([
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      { action: 'FailIndex', onExitCodes: { containerName: 'rank', operator: 'In', values: [2] } },
    ]);
    expect(backoffLimitPerIndex).toBe(5);
  });
});

describe('jobs for Kubernetes whose run lies in folders', () => {
  const here = job(3, {
    folders: ['/data/out', '/data/$(HOME) parts'],
    place: { ...job(3).place, bucket: 'file:///$(HOME)' },
  });

  it('mount the volume that has them', () => {
    const files = kubernetesFiles(here, { claims: ['galaxies:/data/'] });
    for (const name of ['ranks.yaml', 'summarize.yaml']) {
      const [document] = yamlOf(files, name);
      expect(() => new Job(document).validate()).not.toThrow();
      const { volumes, containers } = document!.spec!.template.spec!;
      expect(volumes).toEqual([{ name: 'folder-0', persistentVolumeClaim: { claimName: 'galaxies' } }]);
      expect(containers[0]!.volumeMounts).toEqual([{ name: 'folder-0', mountPath: '/data' }]);
      expect(containers[0]!.args!.join(' ')).toContain('$$(HOME)');
    }
  });

  it.each([[[]], [['galaxies:/dat']], [['galaxies:/data/out']], [['Galaxies:/data']], [['galaxies']]])(
    'are refused with claims %j',
    (claims) => {
      expect(() => kubernetesFiles(here, { claims })).toThrow(UserInputError);
    },
  );
});

describe('what schedulers would refuse', () => {
  it.each(['', 'two hours', '2h', '1:2:3:4', '1-', '-1', '2:00:00\n#SBATCH --exclusive'])('is no time: %j', (time) => {
    expect(() => slurmFiles(job(3), { time })).toThrow(/time limit is .*: expected minutes/);
  });
  it.each(['90', '2:00', '2:00:00', '1-12', '1-12:30', '1-12:30:15', 'infinite'])('is not %s', (time) => {
    expect(textOf(slurmFiles(job(3), { time }), 'ranks-0.sbatch')).toContain(`--time=${time}\n`);
  });
  it.each(['Sky', 'sky_1', 'sky.one', '-sky', 'a'.repeat(64), ''])('is no namespace: %j', (namespace) => {
    expect(() => kubernetesFiles(job(3), { namespace })).toThrow(/namespace is/);
  });
  it.each(['', 'My/Image', 'a b', 'cosmicai:', 'https://registry.example.org/cosmicai', 'cosmicai@sha256:12'])(
    'is no image: %j',
    (image) => {
      expect(() => kubernetesFiles(job(3, { image }))).toThrow(/image is/);
      expect(() => batchFiles(job(3, { image }))).toThrow(/image is/);
    },
  );
  it.each([
    'cosmicai',
    'localhost:5000/cosmicai',
    '123456789012.dkr.ecr.eu-west-1.amazonaws.com/sky/cosmicai:1.2_x',
    `cosmicai@sha256:${'0a'.repeat(32)}`,
  ])('is not the image %s', (image) => {
    expect(textOf(batchFiles(job(3, { image })), 'template.yaml')).toContain(image);
  });
  it.each([
    [3, 4096, 'cores: give --cpus 1, 2, 4, 8, 16'],
    [2, 2048, '--memory 4096 to 16384 in steps of 1024'],
    [8, 17_000, '--memory 16384 to 61440 in steps of 4096'],
  ])('is no task of Fargate: %d cores and %d MB', (cpus, memory, message) => {
    expect(() => batchFiles(job(3, { cpus, memory }))).toThrow(message);
    expect(() => slurmFiles(job(3, { cpus, memory }))).not.toThrow();
  });
  it('is never more memory than a rank takes, however large its task', () => {
    expect(textOf(slurmFiles(job(3, { memory: 65_536 })), 'ranks-0.sbatch')).toMatch(
      /--mem=65536M\n[^]* --memory 10240 /,
    );
  });
  it('is no partition or account of two lines', () => {
    expect(() => slurmFiles(job(3), { partition: 'gpu\n#SBATCH' })).toThrow(/partition is/);
    expect(() => slurmFiles(job(3), { account: 'a b' })).toThrow(/account is/);
  });
});

it('a model that the payload does not name is named to each rank', () => {
  const modelArguments = ['--model', '/models/my model.onnx'];
  const model = (text: string) => expect(text).toContain("--memory 3840 --model '/models/my model.onnx'");
  model(textOf(slurmFiles(job(3, { modelArguments })), 'ranks-0.sbatch'));
  expect(
    yamlOf(kubernetesFiles(job(3, { modelArguments })), 'ranks.yaml')[0]!.spec!.template.spec!.containers[0]!.args,
  ).toEqual(expect.arrayContaining(modelArguments));
  expect(textOf(batchFiles(job(3, { modelArguments })), 'submit.sh')).toContain('"--model","/models/my model.onnx"');
});

describe('jobs for AWS Batch', () => {
  it('let tasks read the data, and write below the results alone', () => {
    const template = parse(textOf(batchFiles(job(4)), 'template.yaml')) as {
      Resources: Record<string, { Properties: Record<string, never> }>;
    };
    const { Policies } = template.Resources.TaskRole!.Properties as unknown as {
      Policies: [{ PolicyDocument: { Statement: { Action: string[]; Resource: { 'Fn::Sub': string }[] }[] } }];
    };
    const rights = Policies[0].PolicyDocument.Statement.map(({ Action, Resource }) => [
      Action[0],
      Resource.map((each) => each['Fn::Sub'].replace('arn:${AWS::Partition}:s3:::', '')),
    ]);
    expect(rights).toEqual([
      ['s3:GetObject', ['galaxies/*', 'survey/*', 'models/*']],
      ['s3:ListBucket', ['galaxies', 'survey', 'models']],
      ['s3:PutObject', ['galaxies/out/*']],
    ]);
    expect(template.Resources.ComputeEnvironment).toMatchObject({
      Properties: { ComputeResources: { Type: 'FARGATE_SPOT' } },
    });
    expect(textOf(batchFiles(job(4), { capacity: 'on-demand' }), 'template.yaml')).toContain('Type: FARGATE\n');
  });

  it('are submitted in arrays of 10,000, a rank that is left alone as a job of its own', () => {
    const script = textOf(batchFiles(job(20_001)), 'submit.sh');
    expect(syntaxOf(script)).toBe('');
    const submissions = script.split('\n').filter((line) => line.startsWith('jobs+='));
    expect(submissions.map((line) => /size=(\d+)/.exec(line)?.[1])).toEqual(['10000', '10000', undefined]);
    expect(submissions[1]).toContain('"--offset","10000"');
    expect(submissions[2]).toContain('"--offset","20000","--memory","3840","--index","0"');
    expect(script).toContain('"summarize","s3://galaxies/out/runs/20260304T050607Z-01234567"');
  });

  it('are refused where tasks could not reach the results', () => {
    const here = job(4, { place: { ...job(4).place, bucket: 'file:///data' } });
    expect(() => batchFiles(here)).toThrow(UserInputError);
    expect(() => batchFiles(job(4, { folders: ['/data/parts'] }))).toThrow(/reads or writes \/data\/parts/);
  });
});

describe('jobs for Slurm', () => {
  it('are arrays of 1,000 and what combines them', () => {
    const files = slurmFiles(job(2500, { store: 'file:///data' }), {
      partition: 'gpu',
      account: 'sky',
      time: '2:00:00',
    });
    expect(files.map(({ name }) => name)).toEqual([
      ...[0, 1, 2].map((part) => `ranks-${part}.sbatch`),
      'summarize.sbatch',
      'submit.sh',
    ]);
    for (const { text } of files) expect(syntaxOf(text)).toBe('');
    const second = textOf(files, 'ranks-1.sbatch');
    expect(second).toContain('#SBATCH --array=0-999%333\n');
    for (const line of ['--partition=gpu', '--account=sky', '--time=2:00:00', '--mem=4096M', '--requeue'])
      expect(second).toContain(`#SBATCH ${line}\n`);
    expect(second).toContain(
      `cosmicai rank --manifest ${MANIFEST} --offset 1000 --memory 3840 --store file:///data ||`,
    );
    expect(textOf(files, 'ranks-2.sbatch')).toContain('--array=0-499%333');
  });
});

describe('taskIndex', () => {
  it.each([
    ['AWS_BATCH_JOB_ARRAY_INDEX', 7],
    ['JOB_COMPLETION_INDEX', 8],
    ['SLURM_ARRAY_TASK_ID', 9],
  ])('is what %s says', (name, index) => {
    expect(taskIndex(undefined, { [name]: String(index) })).toBe(index);
    expect(taskIndex(undefined, { [name]: String(index) }, 1000)).toBe(1000 + index);
    expect(taskIndex(3, { [name]: String(index) }, 10)).toBe(13);
    expect(() => taskIndex(undefined, { [name]: 'last' })).toThrow(/is "last": expected a number/);
  });

  it('must be said', () => {
    expect(() => taskIndex(undefined, { JOB_COMPLETION_INDEX: '' })).toThrow(UserInputError);
  });
});
