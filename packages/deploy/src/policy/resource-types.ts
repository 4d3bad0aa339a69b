import { bucketName, type StageOptions } from '../stage/stage-options.ts';
import { arn, type Place, type Statement } from './policy.ts';
import { bucketArn, stageArns } from './stage-names.ts';

/** What CloudFormation does, with the permissions of who deploys, to resources of a type that the templates have. */
interface TypePermissions {
  readonly service: string;
  /** Without the service. */
  readonly actions: readonly string[];
  /** Which of its ARNs. `anywhere`: AWS gives no resources to these actions, or their ids are made up. */
  readonly on: (stage: string, options: StageOptions, place: Place) => readonly string[];
  readonly condition?: Statement['condition'];
  /** Of which stages, where not of all that have the type. */
  readonly only?: (options: StageOptions) => boolean;
}

const anywhere = () => ['*'];

/**
 * By resource type: what its handlers call by AWS's own schema of it (`aws cloudformation describe-type --type RESOURCE --type-name
 * AWS::…`, `handlers` and `tagging`), less what belongs to properties that no template sets. test/policy/handlers.test.ts holds it
 * against those lists, as they were published in August 2026, with the reason for each difference. The schemas don't tell on which
 * resources: that is by the Service Authorization Reference, from memory, and no account has tried it.
 */
export const RESOURCE_TYPES: Readonly<Record<string, readonly TypePermissions[]>> = {
  // An older type, whose schema has no handlers: by the Service Authorization Reference.
  'AWS::Budgets::Budget': [
    {
      service: 'budgets',
      actions: ['ListTagsForResource', 'ModifyBudget', 'TagResource', 'ViewBudget'],
      on: (stage, _, { partition, account }) => [`arn:${partition}:budgets::${account}:budget/cosmicai-${stage}-at-*`],
    },
  ],
  'AWS::CloudWatch::Alarm': [
    {
      service: 'cloudwatch',
      actions: ['DeleteAlarms', 'DescribeAlarms', 'ListTagsForResource', 'PutMetricAlarm', 'TagResource'],
      on: (stage, _, place) => [arn(place, 'cloudwatch', `alarm:cosmicai-${stage}-*`)],
    },
  ],
  'AWS::CloudWatch::Dashboard': [
    {
      service: 'cloudwatch',
      actions: ['DeleteDashboards', 'GetDashboard', 'ListTagsForResource', 'PutDashboard', 'TagResource'],
      on: (stage, _, { partition, account }) => [`arn:${partition}:cloudwatch::${account}:dashboard/cosmicai-${stage}`],
    },
  ],
  'AWS::EC2::InternetGateway': [
    ec2('CreateInternetGateway', 'CreateTags', 'DeleteInternetGateway', 'DeleteTags', 'DescribeInternetGateways'),
  ],
  'AWS::EC2::Route': [
    ec2('CreateRoute', 'DeleteRoute', 'DescribeNetworkInterfaces', 'DescribeRouteTables', 'ReplaceRoute'),
  ],
  'AWS::EC2::RouteTable': [
    ec2('CreateRouteTable', 'CreateTags', 'DeleteRouteTable', 'DeleteTags', 'DescribeRouteTables'),
  ],
  'AWS::EC2::SecurityGroup': [
    ec2(
      'AuthorizeSecurityGroupEgress',
      'AuthorizeSecurityGroupIngress',
      'CreateSecurityGroup',
      'CreateTags',
      'DeleteSecurityGroup',
      'DeleteTags',
      'DescribeInstances',
      'DescribeSecurityGroups',
      'RevokeSecurityGroupEgress',
      'RevokeSecurityGroupIngress',
      'UpdateSecurityGroupRuleDescriptionsEgress',
      'UpdateSecurityGroupRuleDescriptionsIngress',
    ),
  ],
  // The zones are for Fn::GetAZs.
  'AWS::EC2::Subnet': [
    ec2('CreateSubnet', 'CreateTags', 'DeleteSubnet', 'DeleteTags', 'DescribeAvailabilityZones'),
    ec2('DescribeNetworkAcls', 'DescribeSubnets'),
  ],
  'AWS::EC2::SubnetRouteTableAssociation': [
    ec2('AssociateRouteTable', 'DescribeRouteTables', 'DescribeSubnets', 'DisassociateRouteTable'),
    ec2('ReplaceRouteTableAssociation'),
  ],
  'AWS::EC2::VPC': [
    ec2(
      'CreateTags',
      'CreateVpc',
      'DeleteTags',
      'DeleteVpc',
      'DescribeNetworkAcls',
      'DescribeSecurityGroups',
      'DescribeVpcAttribute',
      'DescribeVpcEncryptionControls',
      'DescribeVpcs',
      'ModifyVpcAttribute',
    ),
  ],
  'AWS::EC2::VPCGatewayAttachment': [
    ec2('AttachInternetGateway', 'DescribeInternetGateways', 'DescribeVpnGateways', 'DetachInternetGateway'),
  ],
  'AWS::ECR::Repository': [
    {
      service: 'ecr',
      actions: [
        'CreateRepository',
        'DeleteRepository',
        'GetLifecyclePolicy',
        'GetRepositoryPolicy',
        'ListTagsForResource',
        'PutImageScanningConfiguration',
        'PutLifecyclePolicy',
        'TagResource',
      ],
      on: (stage, _, place) => [arn(place, 'ecr', `repository/cosmicai-${stage}-rendezvous`)],
    },
  ],
  'AWS::ECS::Cluster': [
    {
      service: 'ecs',
      actions: ['DeleteCluster', 'DescribeClusters', 'TagResource'],
      on: (stage, _, place) => [arn(place, 'ecs', `cluster/cosmicai-${stage}`)],
    },
    { service: 'ecs', actions: ['CreateCluster'], on: anywhere },
  ],
  'AWS::ECS::Service': [
    {
      service: 'ecs',
      actions: [
        'CreateService',
        'DeleteService',
        'DescribeServices',
        'ListServiceDeployments',
        'ListTagsForResource',
        'TagResource',
        'UpdateService',
      ],
      on: (stage, _, place) => [arn(place, 'ecs', `service/cosmicai-${stage}/rendezvous`)],
    },
    {
      service: 'ecs',
      actions: ['DescribeServiceDeployments', 'StopServiceDeployment'],
      on: (stage, _, place) => [arn(place, 'ecs', `service-deployment/cosmicai-${stage}/rendezvous/*`)],
    },
  ],
  'AWS::ECS::TaskDefinition': [
    {
      service: 'ecs',
      actions: ['RegisterTaskDefinition', 'TagResource'],
      on: (stage, _, place) => [arn(place, 'ecs', `task-definition/cosmicai-${stage}-rendezvous:*`)],
    },
    { service: 'ecs', actions: ['DeregisterTaskDefinition', 'DescribeTaskDefinition'], on: anywhere },
  ],
  'AWS::Events::Rule': [
    {
      service: 'events',
      actions: [
        'DeleteRule',
        'DescribeRule',
        'ListTagsForResource',
        'ListTargetsByRule',
        'PutRule',
        'PutTargets',
        'RemoveTargets',
        'TagResource',
      ],
      on: (stage, _, place) => [arn(place, 'events', `rule/cosmicai-${stage}-*`)],
    },
  ],
  'AWS::IAM::Role': [
    {
      service: 'iam',
      actions: [
        'CreateRole',
        'DeleteRole',
        'DeleteRolePolicy',
        'GetRole',
        'GetRolePolicy',
        'ListAttachedRolePolicies',
        'ListRolePolicies',
        // For what takes a role: functions, tasks of ECS, the state machine.
        'PassRole',
        'PutRolePolicy',
        'TagRole',
        'UntagRole',
        'UpdateAssumeRolePolicy',
      ],
      on: (stage, options, place) => stageArns(stage, options, place).roles,
    },
  ],
  'AWS::KMS::Key': [
    { service: 'kms', actions: ['CreateKey'], on: anywhere },
    {
      service: 'kms',
      actions: [
        'DescribeKey',
        'EnableKeyRotation',
        'GetKeyPolicy',
        'GetKeyRotationStatus',
        'ListResourceTags',
        'PutKeyPolicy',
        'ScheduleKeyDeletion',
        'TagResource',
      ],
      on: (_stage, _options, place) => [arn(place, 'kms', 'key/*')],
      condition: { StringEquals: { 'aws:ResourceTag/project': 'cosmicai' } },
    },
  ],
  'AWS::Lambda::Alias': [
    lambda('CreateAlias', 'DeleteAlias', 'DeleteProvisionedConcurrencyConfig', 'GetAlias'),
    lambda('GetProvisionedConcurrencyConfig', 'PutProvisionedConcurrencyConfig', 'UpdateAlias'),
  ],
  'AWS::Lambda::Function': [
    lambda(
      'CreateFunction',
      'DeleteFunction',
      'DeleteFunctionConcurrency',
      'GetFunction',
      'GetFunctionCodeSigningConfig',
    ),
    lambda('GetFunctionRecursionConfig', 'GetFunctionScalingConfig', 'GetRuntimeManagementConfig', 'ListTags'),
    lambda('PutFunctionConcurrency', 'TagResource', 'UpdateFunctionCode', 'UpdateFunctionConfiguration'),
    {
      service: 'ec2',
      actions: ['DescribeNetworkInterfaces', 'DescribeSecurityGroups', 'DescribeSubnets', 'DescribeVpcs'],
      on: anywhere,
      only: ({ vpc }) => vpc.subnet_ids.length > 0,
    },
  ],
  'AWS::Lambda::Permission': [lambda('AddPermission', 'GetPolicy', 'RemovePermission')],
  'AWS::Lambda::Version': [
    lambda('DeleteFunction', 'GetFunctionConfiguration', 'GetFunctionScalingConfig', 'GetProvisionedConcurrencyConfig'),
    lambda('GetRuntimeManagementConfig', 'ListVersionsByFunction', 'PublishVersion'),
  ],
  'AWS::Logs::LogGroup': [
    {
      service: 'logs',
      actions: [
        'CreateLogGroup',
        'DeleteDataProtectionPolicy',
        'DeleteLogGroup',
        'DescribeIndexPolicies',
        'GetDataProtectionPolicy',
        'ListTagsForResource',
        'PutRetentionPolicy',
        'TagResource',
      ],
      on: (stage, _, place) => [
        ...functionNames(stage).map((name) => arn(place, 'logs', `log-group:/aws/lambda/${name}`)),
        arn(place, 'logs', `log-group:/aws/lambda/cosmicai-${stage}-*`),
        arn(place, 'logs', `log-group:/aws/vendedlogs/states/cosmicai-${stage}*`),
        arn(place, 'logs', `log-group:/cosmicai/${stage}/*`),
      ],
    },
    { service: 'logs', actions: ['DescribeLogGroups', 'DescribeResourcePolicies'], on: anywhere },
  ],
  'AWS::S3::Bucket': [
    {
      service: 's3',
      actions: [
        'CreateBucket',
        // All that a bucket is set to, by 20 names; what lies in it is none of that.
        'Get*Configuration',
        'GetBucket*',
        'ListTagsForResource',
        'PutBucketOwnershipControls',
        'PutBucketPublicAccessBlock',
        'PutBucketTagging',
        'PutBucketVersioning',
        'PutEncryptionConfiguration',
        'PutLifecycleConfiguration',
        'TagResource',
      ],
      on: stageBucket,
    },
  ],
  'AWS::S3::BucketPolicy': [
    { service: 's3', actions: ['DeleteBucketPolicy', 'GetBucketPolicy', 'PutBucketPolicy'], on: stageBucket },
  ],
  'AWS::SNS::Subscription': [
    { service: 'sns', actions: ['Subscribe'], on: topic },
    { service: 'sns', actions: ['GetSubscriptionAttributes', 'Unsubscribe'], on: anywhere },
  ],
  'AWS::SNS::Topic': [
    {
      service: 'sns',
      actions: [
        'CreateTopic',
        'DeleteTopic',
        'GetDataProtectionPolicy',
        'GetTopicAttributes',
        'ListSubscriptionsByTopic',
        'ListTagsForResource',
        'SetTopicAttributes',
        'TagResource',
      ],
      on: topic,
    },
  ],
  'AWS::SNS::TopicPolicy': [{ service: 'sns', actions: ['SetTopicAttributes'], on: topic }],
  'AWS::SQS::Queue': [
    {
      service: 'sqs',
      actions: [
        'CreateQueue',
        'DeleteQueue',
        'GetQueueAttributes',
        'GetQueueUrl',
        'ListQueueTags',
        'SetQueueAttributes',
        'TagQueue',
      ],
      on: queue,
    },
  ],
  'AWS::SQS::QueuePolicy': [{ service: 'sqs', actions: ['SetQueueAttributes'], on: queue }],
  'AWS::SecretsManager::Secret': [
    {
      service: 'secretsmanager',
      actions: ['CreateSecret', 'DeleteSecret', 'DescribeSecret', 'TagResource', 'UpdateSecret'],
      on: (stage, _, place) => [arn(place, 'secretsmanager', `secret:cosmicai-${stage}-rendezvous-??????`)],
    },
    { service: 'secretsmanager', actions: ['GetRandomPassword'], on: anywhere },
  ],
  'AWS::StepFunctions::StateMachine': [
    {
      service: 'states',
      actions: [
        'CreateStateMachine',
        'DeleteStateMachine',
        'DescribeStateMachine',
        'ListTagsForResource',
        'TagResource',
        'UpdateStateMachine',
      ],
      on: (stage, options, place) => [stageArns(stage, options, place).machine],
    },
  ],
};

/** Types that only some stages have, and when. */
const ONLY: readonly [(type: string) => boolean, (options: StageOptions) => boolean][] = [
  [(type) => /^AWS::(EC2|ECS|ECR|SecretsManager)::/.test(type), ({ rendezvous }) => rendezvous.enabled],
  [(type) => type === 'AWS::Lambda::Permission', ({ rendezvous }) => rendezvous.enabled && rendezvous.name !== ''],
  [(type) => /Lambda::(Alias|Version)$/.test(type), ({ inference }) => inference.provisioned_concurrency > 0],
  [(type) => type === 'AWS::Budgets::Budget', ({ budget }) => budget.monthly > 0],
  [(type) => type === 'AWS::KMS::Key', ({ encrypt_alarms }) => encrypt_alarms],
  [(type) => type === 'AWS::SNS::Subscription', ({ alarm_email }) => alarm_email !== ''],
];

/** Types of resources that the templates of a stage have. */
export function typesOf(options: StageOptions): string[] {
  return Object.keys(RESOURCE_TYPES).filter((type) => ONLY.every(([concerns, has]) => !concerns(type) || has(options)));
}

/** One statement for each service and set of resources. */
export function typeStatements(stage: string, options: StageOptions, place: Place): Statement[] {
  const grouped = new Map<string, { types: Set<string>; actions: Set<string>; first: TypePermissions }>();
  for (const type of typesOf(options)) {
    for (const permissions of RESOURCE_TYPES[type] ?? []) {
      const { service, on, condition, only } = permissions;
      if (only?.(options) === false) continue;
      const resources = on(stage, options, place);
      // Without resources, services share a statement.
      const key = JSON.stringify([
        resources[0] === '*' && condition === undefined ? '' : service,
        resources,
        condition,
      ]);
      const group = grouped.get(key) ?? { types: new Set(), actions: new Set(), first: permissions };
      group.types.add(type);
      for (const action of permissions.actions) group.actions.add(`${service}:${action}`);
      grouped.set(key, group);
    }
  }
  return [...grouped.values()].map(({ types, actions, first }, index) => ({
    sid: `Types${index + 1}`,
    why: `CloudFormation makes, changes and removes ${[...types].join(', ')}.`,
    actions: [...actions].sort(),
    resources: first.on(stage, options, place),
    ...(first.condition !== undefined && { condition: first.condition }),
    ...(first.on !== anywhere && first.condition === undefined && { joined: 'TypesByName' }),
  }));
}

/** EC2 makes up the ids, so nothing can be named before it is there. */
function ec2(...actions: readonly string[]): TypePermissions {
  return { service: 'ec2', actions, on: anywhere };
}

function lambda(...actions: readonly string[]): TypePermissions {
  return {
    service: 'lambda',
    actions,
    on: (stage, options, place) => [
      ...functionNames(stage).map((name) => arn(place, 'lambda', `function:${name}`)),
      ...(options.rendezvous.enabled && options.rendezvous.name !== ''
        ? [arn(place, 'lambda', `function:cosmicai-${stage}-rendezvous-name`)]
        : []),
    ],
  };
}

/** Patterns, which take in versions and aliases, and no function of a stage whose name begins alike. */
function functionNames(stage: string): string[] {
  return [`init-${stage}-init*`, `inference-${stage}-inference*`, `summarize-${stage}-*ummar*`].map(
    (name) => `cosmicai-${name}`,
  );
}

function stageBucket(stage: string, _options: StageOptions, place: Place): string[] {
  return [bucketArn(place, bucketName(stage, place.account, place.region))];
}

function topic(stage: string, _options: StageOptions, place: Place): string[] {
  return [arn(place, 'sns', `cosmicai-${stage}-alarms`)];
}

function queue(stage: string, _options: StageOptions, place: Place): string[] {
  return [arn(place, 'sqs', `cosmicai-${stage}-dead-letters`)];
}
