// The CloudWatch dashboard of a stage, as the JSON text that CloudFormation takes. ${AWS::Region} and ${Workflow} are
// filled in by Fn::Sub.

/** USD, of the price book's default region. */
const { gb_second: USD_PER_GB_SECOND, request: USD_PER_REQUEST } =
  require('../packages/metrics/src/prices/us-east-1.json').lambda;
const MB_PER_GB = 1024;

module.exports = async ({ resolveVariable, resolveConfigurationProperty }) => {
  const stage = await resolveVariable('sls:stage');
  const options = await resolveConfigurationProperty(['custom', 'options']);
  return JSON.stringify({ widgets: widgets(stage, options) });
};

function widgets(stage, options) {
  const infer = `cosmicai-inference-${stage}-inference`;
  const functions = [
    `cosmicai-init-${stage}-init`,
    `cosmicai-init-${stage}-initFmi`,
    infer,
    `cosmicai-summarize-${stage}-summarize`,
    `cosmicai-summarize-${stage}-resultSummary`,
  ];
  const states = (metric) => ['AWS/States', metric, 'StateMachineArn', '${Workflow}'];
  const lambda = (metric, name, extra) => ['AWS/Lambda', metric, 'FunctionName', name, ...(extra ? [extra] : [])];
  const rows = [
    [
      graph('Runs', [
        states('ExecutionsStarted'),
        states('ExecutionsSucceeded'),
        states('ExecutionsFailed'),
        states('ExecutionsTimedOut'),
        states('ExecutionsAborted'),
      ]),
      graph('Duration of runs (ms)', [states('ExecutionTime')], 'p50', ['p50', 'p95', 'Maximum']),
      graph('Ranks', [
        lambda('Invocations', infer),
        lambda('ConcurrentExecutions', infer, { stat: 'Maximum', label: 'At once' }),
      ]),
    ],
    [
      graph('Duration of ranks (ms)', [lambda('Duration', infer)], 'p50', ['p50', 'p95', 'Maximum']),
      graph(
        'Errors of functions',
        functions.map((name) => lambda('Errors', name)),
      ),
      graph(
        'Throttles',
        functions.map((name) => lambda('Throttles', name)),
      ),
    ],
    [
      graph('Galaxies predicted', [counted(stage, 'inference', 'Samples')]),
      graph('Runs summarized', [
        counted(stage, 'summarize', 'RunsSucceeded'),
        counted(stage, 'summarize', 'RunsFailed'),
      ]),
      cost(infer, options),
    ],
    ...(options.rendezvous.enabled ? [rendezvous(stage)] : []),
  ];
  return rows.flatMap((row, y) => row.map((widget, x) => ({ ...widget, x: x * 8, y: y * 6, width: 8, height: 6 })));
}

function graph(title, metrics, stat = 'Sum', stats = [stat]) {
  const lines = stats.flatMap((each) =>
    metrics.map((metric) => withOptions(metric, stats.length > 1 ? each : undefined)),
  );
  return {
    type: 'metric',
    properties: { title, region: '${AWS::Region}', view: 'timeSeries', period: 60, stat, metrics: lines },
  };
}

function withOptions(metric, stat) {
  return stat === undefined ? metric : [...metric, { stat, label: stat }];
}

/** An estimate: billed time of the ranks at their memory, without storage, state transitions and free tier. */
function cost(infer, { inference }) {
  const perMillisecond = (USD_PER_GB_SECOND[inference.architecture] * inference.memory) / MB_PER_GB / 1000;
  const metrics = [
    ['AWS/Lambda', 'Duration', 'FunctionName', infer, { id: 'time', visible: false }],
    ['AWS/Lambda', 'Invocations', 'FunctionName', infer, { id: 'calls', visible: false }],
    [{ expression: `time*${perMillisecond}+calls*${USD_PER_REQUEST}`, label: 'USD', id: 'usd' }],
  ];
  const properties = {
    title: 'Cost of inference, estimated (USD)',
    region: '${AWS::Region}',
    view: 'timeSeries',
    period: 3600,
    stat: 'Sum',
    metrics,
  };
  return { type: 'metric', properties };
}

/** A metric that functions and server tell themselves. */
function counted(stage, service, metric) {
  return ['CosmicAI', metric, 'service', service, 'stage', stage];
}

function rendezvous(stage) {
  const ecs = (metric) => ['AWS/ECS', metric, 'ClusterName', `cosmicai-${stage}`, 'ServiceName', 'rendezvous'];
  const told = (metric) => counted(stage, 'rendezvous', metric);
  return [
    graph('Rendezvous: pairs and relayed bytes', [told('Pairs'), [...told('RelayBytes'), { yAxis: 'right' }]]),
    graph('Rendezvous: processor and memory (%)', [ecs('CPUUtilization'), ecs('MemoryUtilization')], 'Average'),
  ];
}
