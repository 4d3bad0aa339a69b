import { settleTemplate, type Template } from '../src/framework/settle-template.ts';

const NAME = 'cosmicai-dev-${AWS::AccountId}-${AWS::Region}';
const ARN = `arn:\${AWS::Partition}:s3:::${NAME}`;
const NOTHING = { before: undefined, bucketExists: false };

interface Was {
  readonly tag?: string;
  readonly base?: string;
  readonly v1?: string;
  /** null: of a server deployed before there was a choice. */
  readonly refuse?: string | null;
  /** Undefined: of a server deployed before there was a choice. */
  readonly mode?: 'on-demand' | 'always';
}

function given({ tag = 'none', base = 'none', v1 = 'false', refuse = 'true', mode }: Was = {}): Template {
  const Environment = [
    { Name: 'COSMICAI_RENDEZVOUS_ALLOW_V1', Value: v1 },
    ...(refuse === null ? [] : [{ Name: 'COSMICAI_RENDEZVOUS_REFUSE_V2', Value: refuse }]),
  ];
  return {
    Resources: {
      Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: { 'Fn::Sub': NAME } } },
      BucketPolicy: {
        Type: 'AWS::S3::BucketPolicy',
        DependsOn: ['Bucket', 'Other'],
        Properties: {
          Bucket: { Ref: 'Bucket' },
          Resource: [{ 'Fn::GetAtt': ['Bucket', 'Arn'] }, { 'Fn::Sub': '${Bucket.Arn}/*' }],
        },
      },
      RendezvousTask: {
        Type: 'AWS::ECS::TaskDefinition',
        Properties: { ContainerDefinitions: [{ Image: { 'Fn::Sub': `\${Repository}:${tag}` }, Environment }] },
      },
      RendezvousService: { Type: 'AWS::ECS::Service', Properties: { DesiredCount: 0 } },
    },
    Outputs: {
      BucketName: { Value: { Ref: 'Bucket' } },
      RendezvousImageBase: { Value: base },
      ...(mode && { RendezvousMode: { Value: mode } }),
    },
  };
}

const settled = (template: Template, account: Parameters<typeof settleTemplate>[1], keepTcpunch = true) => {
  const notes = settleTemplate(template, account, { keepTcpunch });
  const [container] = template.Resources.RendezvousTask!.Properties.ContainerDefinitions;
  const environment = Object.fromEntries(
    (container.Environment as { Name: string; Value: string }[]).map(({ Name, Value }) => [Name.slice(20), Value]),
  );
  const { DesiredCount: tasks } = template.Resources.RendezvousService!.Properties;
  return {
    notes: notes.join('\n'),
    image: container.Image['Fn::Sub'] as string,
    tasks: tasks as number | undefined,
    environment,
  };
};

describe('a root template fitted to what is in the account', () => {
  it('begins without a server where there is no image', () => {
    const { notes, tasks, environment } = settled(given(), NOTHING);
    expect(notes).toContain('no image yet');
    expect(tasks).toBe(0);
    expect(environment).toEqual({ ALLOW_V1: 'false', REFUSE_V2: 'true' });
  });

  it('gives the server the image that the deployment names', () => {
    const account = { before: given({ tag: 'old', base: 'node@sha256:1' }), bucketExists: true };
    const template = given({ tag: 'new', base: 'node@sha256:2' });
    expect(settled(template, account)).toMatchObject({ notes: '', image: '${Repository}:new' });
    expect(template.Outputs!.RendezvousImageBase).toEqual({ Value: 'node@sha256:2' });
  });

  it('leaves a server with the image it has, and says on what that was made', () => {
    const account = { before: given({ tag: 'old', base: 'node@sha256:1' }), bucketExists: true };
    const template = given();
    expect(settled(template, account)).toMatchObject({ notes: '', image: '${Repository}:old' });
    expect(template.Outputs!.RendezvousImageBase).toEqual({ Value: 'node@sha256:1' });
  });

  it.each([
    ['begins with no task where runs start it', undefined, { mode: 'on-demand' }, 0],
    ['begins with none, though the image is there', undefined, { mode: 'on-demand', tag: 'new' }, 0],
    [
      'stays as many as it is, where runs start it',
      { mode: 'on-demand', tag: 'old' },
      { mode: 'on-demand' },
      undefined,
    ],
    ['stays as many as it is when runs start it from now on', { tag: 'old' }, { mode: 'on-demand' }, undefined],
    ['stays as many as it is, paused or not, where it is always there', { tag: 'old' }, { mode: 'always' }, undefined],
    ['begins with its image where it is always there', { tag: 'none' }, { mode: 'always', tag: 'new' }, 1],
    ['begins when it is always there from now on', { mode: 'on-demand', tag: 'old' }, { mode: 'always' }, 1],
  ] as const)('the server %s', (_, was, now, tasks) => {
    const account = { before: was && given(was), bucketExists: false };
    const template = given(now);
    settled(template, account);
    expect(template.Resources.RendezvousService!.Properties.DesiredCount).toBe(tasks);
  });

  it('says when a server that was always there is so for runs only from now on, and that alone', () => {
    const noted = (was: Was, now: Was) => settled(given(now), { before: given(was), bucketExists: true }, false).notes;
    expect(noted({ tag: 'old' }, { mode: 'on-demand' })).toMatch(/ends by itself.*rendezvous\.mode: always/);
    expect(noted({ tag: 'old', mode: 'on-demand' }, { mode: 'on-demand' })).toBe('');
    expect(noted({ tag: 'old' }, { mode: 'always' })).toBe('');
  });

  it('says that clients of older protocols start no server which is there for runs only', () => {
    const noted = (was: Was) => settled(given(was), NOTHING, false).notes;
    const note = /no client of TCPunch starts it.*rendezvous\.mode: always/;
    expect(noted({ mode: 'on-demand', refuse: 'false' })).toMatch(note);
    expect(noted({ mode: 'on-demand', v1: 'true' })).toMatch(note);
    expect(noted({ mode: 'on-demand' })).not.toMatch(note);
    expect(noted({ mode: 'always', v1: 'true' })).not.toMatch(note);
  });

  it.each([
    ['deployed before there was a choice', { refuse: null }, 'false', 'false', /TCPunch v2,/],
    ['which had both', { v1: 'true', refuse: 'false' }, 'true', 'false', /TCPunch v1 and v2,.*tcpunch: \[v1, v2\]/],
    ['which had none', {}, 'false', 'true', /^$/],
  ])('keeps the older protocols of a server %s', (_, was, ALLOW_V1, REFUSE_V2, note) => {
    const account = { before: given({ tag: 'old', ...was }), bucketExists: true };
    const { environment, notes } = settled(given(), account);
    expect(environment).toEqual({ ALLOW_V1, REFUSE_V2 });
    expect(notes).toMatch(note);
  });

  it('takes the older protocols away where the stage says so', () => {
    const account = { before: given({ tag: 'old', v1: 'true', refuse: 'false' }), bucketExists: true };
    const { environment, notes } = settled(given(), account, false);
    expect(environment).toEqual({ ALLOW_V1: 'false', REFUSE_V2: 'true' });
    expect(notes).toBe('');
  });

  it('uses a bucket that no stack has by its name', () => {
    const template = given();
    const { notes } = settled(template, { before: undefined, bucketExists: true });
    expect(notes).toContain('used as it is');
    expect(template.Resources.Bucket).toBeUndefined();
    expect(template.Resources.BucketPolicy).toEqual({
      Type: 'AWS::S3::BucketPolicy',
      DependsOn: ['Other'],
      Properties: { Bucket: { 'Fn::Sub': NAME }, Resource: [{ 'Fn::Sub': ARN }, { 'Fn::Sub': `${ARN}/*` }] },
    });
    expect(template.Outputs!.BucketName).toEqual({ Value: { 'Fn::Sub': NAME } });
    expect(JSON.stringify(template)).not.toMatch(/"Bucket"[\],}]/);
  });

  it('leaves the bucket with the stack that has it, and makes one where there is none', () => {
    for (const account of [{ before: given(), bucketExists: true }, NOTHING]) {
      const template = given();
      settled(template, account);
      expect(template.Resources.Bucket).toBeDefined();
    }
  });
});
