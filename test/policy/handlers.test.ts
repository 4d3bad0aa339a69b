/*
 * What deployers may ask for in CloudFormation's hands, against AWS's own lists: handlers.txt has, type by type, the permissions of
 * `handlers` (create, read, update, delete) and `tagging` in the types' schemas as they were published on 7 August 2026.
 * `aws cloudformation describe-type --type RESOURCE --type-name AWS::S3::Bucket --query Schema --output text` prints one.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RESOURCE_TYPES } from '../../packages/deploy/src/policy/resource-types.ts';
import { policyOf } from './printed.ts';
import { like } from './simulate.ts';

const LISTED = new Map(
  readFileSync(join(import.meta.dirname, 'handlers.txt'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([type = '', ...permissions]) => [type, permissions]),
);

/** What AWS lists and deployers don't get: of any type, and of single ones. */
const LEFT_OUT: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  any: {
    "the tags of a stage's stacks don't change": ['*:Untag*', 's3:DeleteBucketTagging', 'iam:ListRoleTags'],
    'nobody is given a key to pass on': ['kms:*Grant'],
  },
  'AWS::EC2::Subnet': {
    'IPv6 and what an instance would get are not set': ['*SubnetCidrBlock', 'ec2:ModifySubnetAttribute'],
  },
  'AWS::EC2::VPC': { 'are not set': ['ec2:CreateVpcEncryptionControl', 'ec2:ModifyVpcTenancy'] },
  'AWS::EC2::VPCGatewayAttachment': { 'there is no VPN': ['ec2:*achVpnGateway'] },
  'AWS::ECR::Repository': {
    'are not set': ['ecr:*RepositoryPolicy', 'ecr:PutImageTagMutability', 'kms:DescribeKey'],
    'is set always': ['ecr:DeleteLifecyclePolicy'],
  },
  'AWS::ECS::Cluster': {
    'has a name and nothing else': [
      'ecs:ListTagsForResource',
      'ecs:PutAccountSetting*',
      'ecs:PutClusterCapacityProviders',
      'ecs:UpdateCluster*',
      'kms:DescribeKey',
    ],
  },
  'AWS::ECS::TaskDefinition': { 'is made anew, never updated': ['ecs:ListTagsForResource'] },
  'AWS::IAM::Role': {
    'are not set': ['iam:*achRolePolicy', 'iam:*PermissionsBoundary', 'iam:UpdateRole', 'iam:UpdateRoleDescription'],
  },
  'AWS::KMS::Key': {
    'is on, turns round, and has one description': ['kms:DisableKey*', 'kms:EnableKey', 'kms:UpdateKeyDescription'],
  },
  'AWS::Lambda::Alias': { 'aliases are led at once': ['codedeploy:*'] },
  'AWS::Lambda::Function': {
    'functions have no file system, layers, signed code, or key of their own': [
      'elasticfilesystem:*',
      's3files:*',
      'lambda:GetLayerVersion',
      'lambda:*CodeSigningConfig',
      'kms:*',
    ],
    'are not set': ['lambda:PassCapacityProvider', 'lambda:PublishVersion', 'lambda:Put*Config'],
    'packages are named without a version': ['s3:GetObjectVersion'],
  },
  'AWS::Lambda::Version': { 'are not set': ['lambda:Put*Config'] },
  'AWS::Logs::LogGroup': {
    'logs have no key, index, policy or delivery of their own': [
      'firehose:*',
      's3:*',
      'logs:*KmsKey',
      'logs:CreateLogDelivery',
      'logs:*IndexPolicy',
      'logs:*ResourcePolicy',
      'logs:PutBearerTokenAuthentication',
      'logs:PutDataProtectionPolicy',
      'logs:PutLogGroupDeletionProtection',
    ],
    'is set always': ['logs:DeleteRetentionPolicy'],
  },
  'AWS::S3::Bucket': {
    'are not set': [
      's3tables:*',
      's3:*MetadataTableConfiguration',
      's3:UpdateBucketMetadata*',
      's3:*Acl',
      's3:DeleteObject',
      's3:DeleteBucket?*',
      's3:PutAccelerateConfiguration',
      's3:PutAnalyticsConfiguration',
      's3:PutBucketAbac',
      's3:PutBucketCORS',
      's3:PutBucketLogging',
      's3:PutBucketNotification',
      's3:Put*ObjectLockConfiguration',
      's3:Put*Replication*',
      's3:PutBucketWebsite',
      's3:PutIntelligentTieringConfiguration',
      's3:PutInventoryConfiguration',
      's3:PutMetricsConfiguration',
    ],
  },
  'AWS::SNS::Subscription': {
    'is mail': ['iam:GetRole', 'sns:SetSubscriptionAttributes'],
  },
  'AWS::SNS::Topic': {
    'subscriptions have a type of their own': ['sns:Subscribe', 'sns:Unsubscribe'],
    'are not set': ['iam:GetRole', 'sns:PutDataProtectionPolicy'],
  },
  'AWS::SecretsManager::Secret': {
    'lies in one region': ['secretsmanager:RemoveRegionsFromReplication', 'secretsmanager:ReplicateSecretToRegions'],
    'nobody who deploys is to read it': ['secretsmanager:GetSecretValue'],
  },
  'AWS::StepFunctions::StateMachine': {
    'the definition is in the template, without a key': ['kms:*', 's3:GetObjectVersion'],
  },
};

/** What AWS doesn't list and deployers get for a type, with the reason. */
const BESIDES: Readonly<Record<string, string>> = {
  'ec2:DescribeAvailabilityZones': 'Fn::GetAZs of the template',
  'iam:PassRole': 'is listed by what takes the role',
};

const { allowed } = policyOf('deployer', 'full', join(import.meta.dirname, '../fixtures/stages'));
const patterns = allowed.flatMap(({ Action }) => [Action].flat());
const leftOut = (type: string) => ['any', type].flatMap((name) => Object.values(LEFT_OUT[name] ?? {}).flat());

/** Types of before such lists. */
const UNLISTED = ['AWS::Budgets::Budget'];
const LISTED_TYPES = Object.keys(RESOURCE_TYPES).filter((type) => !UNLISTED.includes(type));

it('AWS has a list for every type, and no other is kept', () => {
  expect([...LISTED.keys()].sort()).toEqual(LISTED_TYPES.sort());
});

it.each([...LISTED])('allows what the handlers of %s call, but for what has a reason', (type, permissions) => {
  const missing = permissions.filter((action) => !patterns.some((pattern) => like(pattern, action)));
  expect(missing.filter((action) => !leftOut(type).some((pattern) => like(pattern, action)))).toEqual([]);
});

it.each(LISTED_TYPES)('allows for %s nothing that its handlers do not call', (type) => {
  const own = RESOURCE_TYPES[type]!.flatMap(({ service, actions }) => actions.map((action) => `${service}:${action}`));
  const listed = LISTED.get(type)!;
  const beside = own.filter((pattern) => BESIDES[pattern] === undefined);
  expect(beside.filter((pattern) => !listed.some((action) => like(pattern, action)))).toEqual([]);
});

it('leaves nothing out that no list has', () => {
  for (const [type, reasons] of Object.entries(LEFT_OUT)) {
    const listed = type === 'any' ? [...LISTED.values()].flat() : LISTED.get(type)!;
    const idle = Object.values(reasons)
      .flat()
      .filter((pattern) => !listed.some((action) => like(pattern, action)));
    expect([type, idle]).toEqual([type, []]);
  }
});
