// Statements of the role of `initFmi`, which opens the meetings of ranks; with a server of the stage's own, it also finds that, and starts
// it where it is there for runs only.
module.exports = async ({ resolveVariable }) =>
  statements(await resolveVariable('sls:stage'), await resolveVariable('self:custom.options'));

function statements(stage, { objects, rendezvous }) {
  const secret = `secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:cosmicai-${stage}-rendezvous-??????`;
  const logs = `logs:\${AWS::Region}:\${AWS::AccountId}:log-group:/aws/lambda/cosmicai-init-${stage}-initFmi:*`;
  return [
    allow('DeriveRunKeys', 'secretsmanager:GetSecretValue', arn(secret)),
    allow('HandOutRunKeys', 's3:PutObject', objects.run_keys),
    ...(rendezvous.enabled ? server(stage, rendezvous.mode) : []),
    allow('WriteLogs', ['logs:CreateLogStream', 'logs:PutLogEvents'], arn(logs)),
  ];
}

function server(stage, mode) {
  const ecs = 'ecs:${AWS::Region}:${AWS::AccountId}';
  const ofCluster = { ArnEquals: { 'ecs:cluster': arn(`${ecs}:cluster/cosmicai-${stage}`) } };
  const change = mode === 'on-demand' ? ['ecs:UpdateService'] : [];
  return [
    allow('StartServer', ['ecs:DescribeServices', ...change], arn(`${ecs}:service/cosmicai-${stage}/rendezvous`)),
    // Tasks are listed by a condition.
    { ...allow('ListServersTasks', 'ecs:ListTasks', '*'), Condition: ofCluster },
    allow('DescribeServersTasks', 'ecs:DescribeTasks', arn(`${ecs}:task/cosmicai-${stage}/*`)),
    // EC2 describes without resources.
    allow('FindServersAddress', 'ec2:DescribeNetworkInterfaces', '*'),
  ];
}

function allow(Sid, Action, Resource) {
  return { Sid, Effect: 'Allow', Action, Resource };
}

function arn(rest) {
  return { 'Fn::Sub': `arn:\${AWS::Partition}:${rest}` };
}
