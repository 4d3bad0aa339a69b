// The options of a stage: config/default.yml with what config/<stage>.yml overrides, and what follows from them. Files of
// stages may also lie in a folder that COSMICAI_STAGES names.
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { parse } = require('yaml');

// Role names end at 64 characters: `cosmicai-summarize-<stage>-<region>-resultSummary` leaves 16 for the stage.
const STAGE_NAME = /^[a-z][a-z0-9-]{0,14}[a-z0-9]$/;

/** Called by the framework for each `${file(config/options.cjs)}`. */
module.exports = async ({ resolveVariable }) => stageOptions(await resolveVariable('sls:stage'));
module.exports.stageOptions = stageOptions;

function stageOptions(stage, folder = process.env.COSMICAI_STAGES ?? module.path) {
  if (!STAGE_NAME.test(stage)) {
    throw new Error(
      `The stage "${stage}" can't be part of the names of roles and buckets: expected 2 to 16 lower-case letters, digits and hyphens.`,
    );
  }
  const defaults = parse(readFileSync(join(module.path, 'default.yml'), 'utf8'));
  const own = join(folder, `${stage}.yml`);
  // The stage of the stand-in for AWS comes with the product.
  const file = stage === 'local' && !existsSync(own) ? join(module.path, 'local.yml') : own;
  const overrides = existsSync(file) ? optionsIn(file) : {};
  return withDerived(stage, override(defaults, overrides, file, ''));
}

function optionsIn(file) {
  let found;
  try {
    found = parse(readFileSync(file, 'utf8')) ?? {};
  } catch (cause) {
    throw new Error(`${file} is not valid YAML: ${cause.message.trimEnd()}`, { cause });
  }
  if (kindOf(found) !== 'a group of options')
    throw new Error(`${file} must hold options by their names, not ${kindOf(found)}.`);
  return found;
}

// What Lambda allows (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html): a deployment would find it out half-way.
const MEMORY = [128, 10240];
const SIZES = {
  init: { memory: MEMORY },
  inference: {
    memory: MEMORY,
    ephemeral_storage: [512, 10240],
    provisioned_concurrency: [0, Infinity],
    reserved_concurrency: [0, Infinity],
  },
  summarize: { memory: MEMORY },
};

function checkFunctions(options) {
  for (const [group, sizes] of Object.entries(SIZES)) {
    const { architecture } = options[group];
    if (!['x86_64', 'arm64'].includes(architecture)) {
      throw new Error(`${group}.architecture must be x86_64 or arm64, not "${architecture}".`);
    }
    for (const [name, [least, most]] of Object.entries(sizes)) {
      const value = options[group][name];
      if (Number.isInteger(value) && value >= least && value <= most) continue;
      const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
      throw new Error(`${group}.${name} must be a whole number ${range}, not ${value}.`);
    }
  }
}

function override(defaults, overrides, file, path) {
  const result = { ...defaults };
  for (const [name, value] of Object.entries(overrides)) {
    const where = path + name;
    if (where === 'rendezvous.allow_v1') {
      throw new Error(`${file}: instead of "allow_v1: ${value}" say rendezvous.tcpunch: ${value ? '[v1, v2]' : '[]'}.`);
    }
    if (!(name in defaults)) {
      throw new Error(`${file}: unknown option "${where}". Known here: ${Object.keys(defaults).join(', ')}.`);
    }
    const [expected, found] = [kindOf(defaults[name]), kindOf(value)];
    if (found !== expected) throw new Error(`${file}: "${where}" must be ${expected}, not ${found}.`);
    result[name] = expected === 'a group of options' ? override(defaults[name], value, file, `${where}.`) : value;
  }
  return result;
}

function kindOf(value) {
  if (Array.isArray(value)) return 'a list';
  if (value === null) return 'nothing';
  return typeof value === 'object' ? 'a group of options' : `a ${typeof value}`;
}

function withDerived(stage, options) {
  if (!['STANDARD', 'EXPRESS'].includes(options.map_execution_type)) {
    throw new Error(`map_execution_type must be STANDARD or EXPRESS, not "${options.map_execution_type}".`);
  }
  checkFunctions(options);
  const { inference, rendezvous, vpc } = options;
  if ((rendezvous.zone_id === '') !== (rendezvous.name === '')) {
    throw new Error('rendezvous.zone_id and rendezvous.name go together: give both or none.');
  }
  checkFargateSize(rendezvous);
  if (!['on-demand', 'always'].includes(rendezvous.mode)) {
    throw new Error(`rendezvous.mode must be on-demand or always, not "${rendezvous.mode}".`);
  }
  if (!(rendezvous.idle_minutes > 0 && rendezvous.idle_minutes <= 1440)) {
    throw new Error(`rendezvous.idle_minutes must be more than 0 and 1440 at most, not ${rendezvous.idle_minutes}.`);
  }
  const onDemand = rendezvous.mode === 'on-demand';
  const tcpunch = new Set(rendezvous.tcpunch);
  for (const version of tcpunch) {
    if (!['keep', 'v1', 'v2'].includes(version) || (version === 'keep' && tcpunch.size > 1)) {
      throw new Error(`rendezvous.tcpunch must be [keep], [] or any of v1 and v2, not "[${[...tcpunch].join(', ')}]".`);
    }
  }
  checkBudget(options);
  return {
    ...options,
    rendezvous_allow_v1: String(tcpunch.has('v1')),
    rendezvous_refuse_v2: String(!tcpunch.has('v2')),
    // Seconds that a rank's function has: Lambda's most, or what leaves an EXPRESS child of five minutes time to start it and to end.
    rank_seconds: options.map_execution_type === 'EXPRESS' ? 270 : 900,
    // What follows the function's name in the state machine: warm functions stand behind an alias.
    infer_qualifier: inference.provisioned_concurrency > 0 ? ':provisioned' : '',
    // The framework takes these as missing when null.
    infer_provisioned: inference.provisioned_concurrency || null,
    infer_reserved: inference.reserved_concurrency || null,
    topic_services: ['cloudwatch', 'events', ...(options.budget.monthly > 0 ? ['budgets'] : [])].map(
      (service) => `${service}.amazonaws.com`,
    ),
    alarm_key: options.encrypt_alarms ? { Ref: 'AlarmKey' } : null,
    ...(options.budget.monthly > 0 && { budget_of_stage: budgetOf(stage, options.budget) }),
    deployment_bucket: options.deployment.bucket || null,
    // What functions are told in their environment, so that native libraries don't report to their makers.
    // The stage is a dimension of their metrics.
    function_environment: { ...require('../packages/payload/src/no-telemetry.json'), COSMICAI_STAGE: stage },
    function_vpc:
      vpc.subnet_ids.length > 0 ? { subnetIds: vpc.subnet_ids, securityGroupIds: vpc.security_group_ids } : null,
    actions_without_resource: [...TRACE_ACTIONS, ...(vpc.subnet_ids.length > 0 ? VPC_ACTIONS : [])],
    objects: objectArns(stage, options),
    lifecycle_rules: lifecycleRules(options),
    // Outputs are text.
    rendezvous_port: String(rendezvous.port),
    // 0: it never ends by itself.
    rendezvous_idle_minutes: onDemand ? String(rendezvous.idle_minutes) : '0',
    // CLUSTER/SERVICE of ECS; '' : the stage has none.
    rendezvous_service: rendezvous.enabled ? `cosmicai-${stage}/rendezvous` : '',
    rendezvous_end_policies: onDemand ? [endServerPolicy(stage)] : [],
    rendezvous_ingress: rendezvousIngress(rendezvous),
    parts: {
      network: rendezvous.enabled ? 'network.yml' : 'nothing.yml',
      rendezvous: rendezvous.enabled ? 'rendezvous.yml' : 'nothing.yml',
      rendezvous_alarm: rendezvous.enabled ? `rendezvous-alarm-${rendezvous.mode}.yml` : 'nothing.yml',
      rendezvous_name: rendezvous.enabled && rendezvous.zone_id !== '' ? 'rendezvous-name.yml' : 'nothing.yml',
      alarm_key: options.encrypt_alarms ? 'alarm-key.yml' : 'nothing.yml',
      budget: options.budget.monthly > 0 ? 'budget.yml' : 'nothing.yml',
      // Who may write to the topic of the alarms.
      topic_writers: options.budget.monthly > 0 ? 'alarmsAndBudget' : 'alarms',
      alarm_email: options.alarm_email !== '' ? 'alarm-email.yml' : 'nothing.yml',
    },
  };
}

/** As packages/payload/src/fargate-sizes.ts says. */
const FARGATE_SIZES = require('../packages/payload/src/fargate-sizes.json');

function checkFargateSize({ cpu, memory }) {
  const range = FARGATE_SIZES[cpu];
  if (range === undefined) {
    throw new Error(`rendezvous.cpu must be one of ${Object.keys(FARGATE_SIZES).join(', ')} (Fargate), not ${cpu}.`);
  }
  const [from, to, step] = range;
  // The smallest has powers of two.
  const fits = step === undefined ? [512, 1024, 2048].includes(memory) : (memory - from) % step === 0;
  if (memory < from || memory > to || !fits) {
    const allowed = step === undefined ? '512, 1024 or 2048' : `${from} to ${to} in steps of ${step}`;
    throw new Error(`rendezvous.memory must be ${allowed} with rendezvous.cpu: ${cpu} (Fargate), not ${memory}.`);
  }
}

function checkBudget({ region, budget }) {
  if (budget.monthly === 0) return;
  if (!(budget.monthly > 0)) throw new Error(`budget.monthly must be 0 or more, not ${budget.monthly}.`);
  if (region.startsWith('us-gov-')) {
    throw new Error(
      `budget.monthly: CloudFormation has no budgets in ${region}. The costs of GovCloud are charged to a standard account: make the budget there (docs/teams.md).`,
    );
  }
  const shares = budget.tell_at_percent;
  const valid = shares.every((share) => Number.isInteger(share) && share > 0);
  if (!valid || shares.length < 1 || shares.length > 5 || new Set(shares).size < shares.length) {
    throw new Error(
      `budget.tell_at_percent must be one to five different whole numbers above 0, not [${shares.join(', ')}].`,
    );
  }
}

/** What the template has of it. Whom it tells can't be changed, only replaced, and two of a name can't be: so the name tells when. */
function budgetOf(stage, { tell_at_percent: shares }) {
  return {
    name: `cosmicai-${stage}-at-${shares.join('-')}`,
    tag: `user:stage$${stage}`,
    notifications: shares.map((share) => ({
      Notification: {
        NotificationType: 'ACTUAL',
        ComparisonOperator: 'GREATER_THAN',
        Threshold: share,
        ThresholdType: 'PERCENTAGE',
      },
      Subscribers: [{ SubscriptionType: 'SNS', Address: { Ref: 'AlarmTopic' } }],
    })),
  };
}

const TRACE_ACTIONS = ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'];
const VPC_ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

/** What the roles' policies name, as lists for `Resource`. */
function objectArns(stage, { prefixes, data_buckets }) {
  const own = { 'Fn::Sub': `arn:\${AWS::Partition}:s3:::cosmicai-${stage}-\${AWS::AccountId}-\${AWS::Region}` };
  const others = data_buckets.map((bucket) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:s3:::${bucket}` }));
  const below = (bucket, prefix) => ({ 'Fn::Sub': `${bucket['Fn::Sub']}/${prefix}` });
  const results = prefixes.results.map((prefix) => below(own, `${prefix}/*`));
  return {
    buckets: [own, ...others],
    results,
    models: [
      ...prefixes.models.map((prefix) => below(own, `${prefix}/*`)),
      ...others.map((bucket) => below(bucket, '*')),
    ],
    // The lease under which a run is published, and ranks of an earlier, larger one.
    published: prefixes.results.map((prefix) => below(own, `${prefix}/*.json`)),
    // A run's own files, which lie below such prefixes too.
    run_files: prefixes.results.flatMap((prefix) => [
      below(own, `${prefix}/runs/*.json`),
      below(own, `${prefix}/*/runs/*.json`),
    ]),
    // What runLayout of packages/payload calls rendezvousKey.
    run_keys: prefixes.results.map((prefix) => below(own, `${prefix}/*/rendezvous-key`)),
    // What it calls rankPieces: a rank removes them when it is done.
    run_pieces: prefixes.results.map((prefix) => below(own, `${prefix}/*/pieces/*`)),
    readable: [
      ...[...prefixes.data, ...prefixes.models].map((prefix) => below(own, `${prefix}/*`)),
      ...results,
      ...others.map((bucket) => below(bucket, '*')),
    ],
  };
}

const ONE_DAY = { NoncurrentDays: 1 };

/** Old models stay for a year; replaced results and parts of broken uploads go soon, results themselves when asked for. */
function lifecycleRules({ prefixes, delete_results_after_days: days }) {
  return [
    {
      Id: 'broken-uploads',
      Status: 'Enabled',
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 },
    },
    ...prefixes.models.map((prefix) => ({
      Id: `versions-${prefix}`,
      Status: 'Enabled',
      Prefix: `${prefix}/`,
      NoncurrentVersionExpiration: { NoncurrentDays: 365 },
    })),
    ...prefixes.results.map((prefix) => ({
      Id: `results-${prefix}`,
      Status: 'Enabled',
      Prefix: `${prefix}/`,
      NoncurrentVersionExpiration: ONE_DAY,
      ...(days > 0 && { ExpirationInDays: days }),
    })),
    ...prefixes.data.map((prefix) => ({
      Id: `data-${prefix}`,
      Status: 'Enabled',
      Prefix: `${prefix}/`,
      NoncurrentVersionExpiration: ONE_DAY,
    })),
  ];
}

/** Of the server's own role: it lets its service start no other when it ends. */
function endServerPolicy(stage) {
  return {
    PolicyName: 'end',
    PolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'EndIdleServer',
          Effect: 'Allow',
          Action: 'ecs:UpdateService',
          Resource: {
            'Fn::Sub': `arn:\${AWS::Partition}:ecs:\${AWS::Region}:\${AWS::AccountId}:service/cosmicai-${stage}/rendezvous`,
          },
        },
      ],
    },
  };
}

function rendezvousIngress({ port, allowed_ranges }) {
  return allowed_ranges.map((range) => ({
    IpProtocol: 'tcp',
    FromPort: port,
    ToPort: port,
    CidrIp: range,
    Description: 'Rendezvous',
  }));
}
