import type { StageOptions } from '../stage/stage-options.ts';
import { arn, type Place, type Statement } from './policy.ts';
import { typeStatements } from './resource-types.ts';
import { bucketArn, containersRole, stageArns, type StageArns } from './stage-names.ts';

/** What `deploy` and `remove` ask by themselves and through the framework, and what CloudFormation asks in their name. */
export function deployerPolicy(stage: string, options: StageOptions, place: Place): Statement[] {
  const arns = stageArns(stage, options, place);
  return [
    ...stackStatements(options, arns, place),
    ...bucketStatements(options, arns, place),
    {
      sid: 'LookWithoutNames',
      why: 'AWS names no resources for these, or the framework names none: templates are checked, its own registries looked for, the quota asked.',
      actions: ['cloudformation:ValidateTemplate', 'ecr:DescribeRepositories', 'lambda:GetAccountSettings'],
      resources: ['*'],
    },
    ...(options.rendezvous.enabled ? serverStatements(stage, place) : []),
    ...typeStatements(stage, options, place),
  ];
}

function stackStatements({ deployment }: StageOptions, { stacks }: StageArns, place: Place): Statement[] {
  const changes =
    deployment.method === 'direct'
      ? ['CreateStack', 'UpdateStack']
      : ['CreateChangeSet', 'DeleteChangeSet', 'DescribeChangeSet', 'ExecuteChangeSet'];
  const looks = ['DescribeStackEvents', 'DescribeStackResource', 'DescribeStacks', 'GetTemplate', 'ListStackResources'];
  return [
    {
      sid: 'ChangeStacks',
      why: `The framework deploys four stacks (deployment.method: ${deployment.method}) and tags them.`,
      actions: [...changes, 'DeleteStack', ...looks, 'TagResource'].sort().map((name) => `cloudformation:${name}`),
      resources: stacks,
    },
    ...(deployment.bucket === ''
      ? [
          {
            sid: 'FindPackagesBucket',
            why: 'Where the stage names no bucket for packages, the framework makes one for the account and keeps its name there.',
            actions: ['ssm:GetParameter', 'ssm:PutParameter'],
            resources: [arn(place, 'ssm', 'parameter/serverless-framework/deployment/s3-bucket')],
          },
        ]
      : []),
  ];
}

function bucketStatements(options: StageOptions, { bucket }: StageArns, place: Place): Statement[] {
  const packages = bucketArn(place, options.deployment.bucket || 'serverless-framework-deployments-*');
  return [
    {
      sid: 'KeepPackages',
      why: 'CloudFormation takes packages and templates from a bucket.',
      actions: ['s3:DeleteObject', 's3:GetObject', 's3:PutObject'],
      resources: [`${packages}/*`],
    },
    {
      sid: 'MakePackagesBucket',
      why: 'It is made where it is not there yet.',
      actions: [
        's3:CreateBucket',
        's3:GetBucketLocation',
        's3:ListBucket',
        's3:PutBucketPublicAccessBlock',
        ...(options.deployment.bucket === ''
          ? ['s3:PutBucketPolicy', 's3:PutBucketTagging', 's3:PutEncryptionConfiguration']
          : []),
      ],
      resources: [packages],
    },
    {
      sid: 'FillAndEmptyBucket',
      why: "deploy puts folders, the model and a first payload into the stage's bucket; remove deletes every version of everything.",
      actions: ['s3:AbortMultipartUpload', 's3:DeleteObjectVersion', 's3:GetObject', 's3:PutObject'],
      resources: [`${bucket}/*`],
    },
    {
      sid: 'LookIntoBucket',
      why: 'deploy looks whether the bucket is there, and remove what is in it.',
      actions: ['s3:DeleteBucket', 's3:ListBucket', 's3:ListBucketVersions'],
      resources: [bucket],
    },
  ];
}

function serverStatements(stage: string, place: Place): Statement[] {
  return [
    {
      sid: 'LogInToRegistry',
      why: 'The token is for the registry of the account as a whole.',
      actions: ['ecr:GetAuthorizationToken'],
      resources: ['*'],
    },
    {
      sid: 'PushImage',
      why: "The rendezvous server's image.",
      actions: [
        'ecr:BatchCheckLayerAvailability',
        'ecr:BatchGetImage',
        'ecr:CompleteLayerUpload',
        'ecr:InitiateLayerUpload',
        'ecr:PutImage',
        'ecr:UploadLayerPart',
      ],
      resources: [arn(place, 'ecr', `repository/cosmicai-${stage}-rendezvous`)],
    },
    {
      sid: 'LetEcsWork',
      why: 'The role by which ECS works for the account, which is made where it never had a cluster.',
      actions: ['iam:CreateServiceLinkedRole', 'iam:GetRole'],
      resources: [containersRole(place)],
    },
  ];
}
