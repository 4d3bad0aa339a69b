// The arrows of docs/architecture.md: a package may import only what stands below it in this list.
const layers = [
  'cli',
  'aws',
  // For tests alone.
  'aws-standin',
  'array',
  'local',
  'engine',
  'deploy',
  'report',
  'bench',
  'catalogue',
  'runs',
  'quantize',
  'families',
  'inference',
  'astromae',
  'survey',
  'fmi',
  'rendezvous',
  'quote',
  'metrics',
  'samples',
  'fits',
  'torchfile',
  'store',
  'trace',
  'completion',
  'demo-model',
  'payload',
];

const onlyDownwards = layers.map((layer, level) => ({
  name: `${layer}-imports-only-what-stands-below`,
  severity: 'error',
  from: { path: `^packages/${layer}/` },
  to: { path: `^packages/(${layers.slice(0, level).join('|') || '-'})/` },
}));

module.exports = {
  forbidden: [
    ...onlyDownwards.slice(1),
    { name: 'packages-know-no-services', severity: 'error', from: { path: '^packages/' }, to: { path: '^services/' } },
    {
      name: 'services-know-no-engine-and-no-stage',
      severity: 'error',
      from: { path: '^services/' },
      to: { path: '^packages/(cli|aws|array|deploy|local)/' },
    },
    {
      name: 'services-know-no-other-service',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'nobody-imports-scripts',
      severity: 'error',
      from: { path: '^(packages|services)/' },
      to: { path: '^scripts/' },
    },
    {
      name: 'only-tests-use-the-stand-in-for-aws',
      severity: 'error',
      from: { path: '^(packages|services)/', pathNot: ['^packages/aws-standin/', '/test/'] },
      to: { path: '^packages/aws-standin/' },
    },
    {
      name: 'packages-are-entered-by-their-index',
      severity: 'error',
      from: { path: '^(packages|services)/([^/]+)/' },
      to: {
        path: '^packages/[^/]+/(src|test)/',
        pathNot: [
          '^packages/[^/]+/src/index\\.ts$',
          '^packages/bench/src/probe\\.ts$',
          '^packages/local/src/executions\\.ts$',
          '^packages/payload/src/no-telemetry\\.ts$',
          '^packages/fmi/src/(boards|tcpunch)\\.ts$',
          '^packages/rendezvous/src/tcpunch\\.ts$',
          '^packages/runs/src/gather\\.ts$',
          '^packages/[^/]+/src/conformance\\.ts$',
          '^$1/$2/',
        ],
      },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|\\.serverless|node_modules)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
