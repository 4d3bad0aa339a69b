/** What is mutated, and the tests that have to notice. */
export interface Target {
  /** Globs from the root of the repository. */
  readonly files: readonly string[];
  readonly tests: readonly string[];
}

export const TARGETS: Readonly<Record<string, Target>> = {
  'store-keys': {
    files: ['packages/store/src/{address,key,readable-address}.ts'],
    tests: ['packages/store/test/{address,keys}.test.ts'],
  },
  'fmi-wire': {
    files: ['packages/fmi/src/rendezvous/wire/*.ts'],
    tests: ['packages/fmi/test/rendezvous/wire{,-refusals}.test.ts'],
  },
  planner: {
    files: ['packages/payload/src/{plan,partitions}.ts'],
    tests: ['packages/payload/test/{plan,partitions}.test.ts'],
  },
  initialize: {
    files: ['services/init/src/*.ts'],
    tests: ['services/init/test/*.test.ts'],
  },
  cost: {
    files: ['packages/metrics/src/{cost,price-book,stage-costs}.ts'],
    tests: ['packages/metrics/test/cost.test.ts'],
  },
  quote: {
    files: ['packages/metrics/src/quote/*.ts'],
    tests: ['packages/metrics/test/{quote,quote-by-hand,quote-published,scale-out}.test.ts'],
  },
  metrics: {
    files: [
      'packages/metrics/src/{exact-sum,nmad,prediction-metrics,residual-sketch,residuals,statistics,rates,quality-ledger}.ts',
    ],
    tests: ['packages/metrics/test/{prediction-metrics,exact-sum,rates,quality-ledger,quote}.test.ts'],
  },
  'rank-results': {
    files: [
      'packages/metrics/src/{rank-measurement,rank-results,foreign-result,measurement-keys,plausible,own-results,sample-bits}.ts',
    ],
    tests: ['packages/metrics/test/{rank-measurement,measurement-keys,rates}.test.ts'],
  },
  summarize: {
    files: ['services/summarize/src/*.ts'],
    tests: ['services/summarize/test/*.test.ts'],
  },
  'torchfile-zip': {
    files: ['packages/torchfile/src/zip/*.ts', 'packages/torchfile/src/write/zip-headers.ts'],
    tests: ['packages/torchfile/test/{zip,checksums,hostile,zip64}.test.ts'],
  },
  'torchfile-pickle': {
    files: [
      'packages/torchfile/src/pickle/*.ts',
      'packages/torchfile/src/write/{pickle-writer,tensor-dataset-pickle}.ts',
    ],
    tests: ['packages/torchfile/test/{hostile,models,tensors,writing,partition}.test.ts'],
  },
  'torchfile-tensor': {
    files: ['packages/torchfile/src/tensor/*.ts', 'packages/torchfile/src/{byte-order,limits}.ts'],
    tests: ['packages/torchfile/test/{hostile,models,tensors,writing,partition}.test.ts'],
  },
  'torchfile-partition': {
    files: ['packages/torchfile/src/partition/*.ts', 'packages/torchfile/src/write/partition-stream.ts'],
    tests: ['packages/torchfile/test/{hostile,partition,split,store,writing}.test.ts'],
  },
  predictor: {
    files: ['packages/inference/src/{predictor,predict-partition,predict-source}.ts'],
    tests: ['packages/inference/test/{run-rank,late-failures}.test.ts'],
  },
};
