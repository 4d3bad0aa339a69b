import { availableParallelism } from 'node:os';

/** Tests that start commands, servers or other programs and wait for them: with all the others in CI, alone when they are named. */
const withLong = process.env.COSMICAI_TESTS === 'all' || process.argv.some((argument) => argument.includes('.long'));

/** @type {import('jest').Config} */
export default {
  rootDir: import.meta.dirname,
  roots: ['<rootDir>/packages', '<rootDir>/services', '<rootDir>/test'],
  // Transformed code is run as it lies there: not where other users of the machine could have left some.
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: withLong ? [] : ['\\.long\\.test\\.ts$'],
  testSequencer: '<rootDir>/test/long-first.mjs',
  testEnvironment: '<rootDir>/test/environment.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2024', experimental: { keepImportAttributes: true } },
        module: { type: 'es6' },
      },
    ],
  },
  modulePathIgnorePatterns: ['/dist/', '/\\.serverless/', '/\\.cosmicai/'],
  // Of hangs alone: a busy machine takes ten times as long as a quiet one.
  testTimeout: 180_000,
  // Two at least: many tests wait for processes of their own. A worker that has grown is replaced, as modules are never unloaded.
  maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
  workerIdleMemoryLimit: '1500MB',
};
