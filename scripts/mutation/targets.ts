/** What is mutated, and the tests that have to notice. */
export interface Target {
  /** Globs from the root of the repository. */
  readonly files: readonly string[];
  /** Quick ones first: the first test that fails is the last that is run. */
  readonly tests: readonly string[];
}

export const TARGETS: Readonly<Record<string, Target>> = {
  'store-keys': {
    files: ['packages/store/src/{address,key,readable-address}.ts'],
    tests: ['packages/store/test/{address,keys}.test.ts'],
  },
  'fmi-wire': {
    files: ['packages/rendezvous/src/wire/*.ts'],
    tests: ['packages/rendezvous/test/wire{,-refusals}.test.ts'],
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
    files: ['packages/quote/src/*.ts'],
    tests: ['packages/quote/test/{quote-by-hand,calibrated-by,quote-published,scale-out}.test.ts'],
  },
  metrics: {
    files: [
      'packages/metrics/src/{exact-sum,nmad,prediction-metrics,residual-sketch,residuals,statistics,rates,quality-ledger}.ts',
    ],
    tests: [
      'packages/metrics/test/rates.test.ts',
      'packages/metrics/test/quality-ledger.test.ts',
      'packages/metrics/test/exact-sum.test.ts',
      'packages/metrics/test/prediction-metrics.test.ts',
      'packages/metrics/test/statistics.test.ts',
    ],
  },
  'rank-results': {
    files: [
      'packages/metrics/src/{rank-measurement,rank-results,foreign-result,measurement-keys,plausible,own-results,sample-bits}.ts',
    ],
    tests: [
      'packages/metrics/test/measurement-keys.test.ts',
      'packages/metrics/test/rank-measurement.test.ts',
      'packages/metrics/test/rates.test.ts',
    ],
  },
  summarize: {
    files: ['services/summarize/src/*.ts'],
    tests: [
      'services/summarize/test/{warnings-of-ranks,locate-run}.test.ts',
      'services/summarize/test/{duplicates,handler,summarize}.test.ts',
    ],
  },
  'torchfile-zip': {
    files: ['packages/torchfile/src/zip/*.ts', 'packages/torchfile/src/write/zip-headers.ts'],
    tests: [
      'packages/torchfile/test/zip.test.ts',
      'packages/torchfile/test/zip64.test.ts',
      'packages/torchfile/test/hostile.test.ts',
      'packages/torchfile/test/checksums.test.ts',
    ],
  },
  'torchfile-pickle': {
    files: [
      'packages/torchfile/src/pickle/*.ts',
      'packages/torchfile/src/write/{pickle-writer,tensor-dataset-pickle}.ts',
    ],
    tests: [
      'packages/torchfile/test/pickle.test.ts',
      'packages/torchfile/test/{tensors,hostile,models,writing}.test.ts',
    ],
  },
  'torchfile-tensor': {
    files: ['packages/torchfile/src/tensor/*.ts', 'packages/torchfile/src/{byte-order,limits}.ts'],
    tests: ['packages/torchfile/test/layout.test.ts', 'packages/torchfile/test/{tensors,hostile}.test.ts'],
  },
  'torchfile-partition': {
    files: ['packages/torchfile/src/partition/*.ts', 'packages/torchfile/src/write/partition-stream.ts'],
    tests: [
      'packages/torchfile/test/store.test.ts',
      'packages/torchfile/test/{tensor-dataset,columns}.test.ts',
      'packages/torchfile/test/hostile.test.ts',
      'packages/torchfile/test/partition.test.ts',
      'packages/torchfile/test/split.test.ts',
      'packages/torchfile/test/writing.test.ts',
      'packages/torchfile/test/checksums.test.ts',
    ],
  },
  predictor: {
    files: ['packages/inference/src/{predictor,predict-partition,predict-source}.ts'],
    tests: [
      'packages/inference/test/predictor-threads.test.ts',
      'packages/inference/test/predict-partition.test.ts',
      // With real sessions, which take seconds: what only those notice.
      'packages/inference/test/{predictor,late-failures.long,run-rank}.test.ts',
    ],
  },
};
