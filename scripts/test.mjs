// `npm test`: sets everything up and runs every check. Arguments go to Jest alone, without the other checks.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { node, root, run, setUp } from './setup.mjs';

setUp();

const wanted = process.argv.slice(2);
if (wanted.length === 0) {
  for (const [name, command, args] of [
    ['format', 'prettier', ['--check', '--log-level', 'warn', '.']],
    ['types', 'tsc', ['-p', 'tsconfig.json']],
    ['lint', 'eslint', ['.', '--max-warnings', '0']],
    ['arrows', 'depcruise', ['--config', '.dependency-cruiser.cjs', '--output-type', 'err', 'packages', 'services']],
    ['unused code', 'knip', []],
    ['structure', node, [join(root, 'scripts', 'structure', 'main.ts')]],
  ]) {
    console.log(`check: ${name}`);
    run(command, args);
  }
}

const results = join(root, 'node_modules', '.cosmicai-test-results.json');
mkdirSync(join(root, 'node_modules'), { recursive: true });
const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
run(node, [...jest, '--json', '--outputFile', results, ...wanted]);
const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(results, 'utf8'));
console.log(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`);
