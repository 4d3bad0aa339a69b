import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { demoModel } from '@cosmicai/demo-model';

const script = `
const { openModel } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../src/index.ts')).href)});
const { predictor } = await openModel({ modelPath: ${JSON.stringify(demoModel())}, workers: 1 });
await predictor.close();
`;

it('opens a model in a process whose command line is long', () => {
  // While it reports to its makers, onnxruntime walks the command line on the stack: 60 KB of it end a worker.
  const names = Array.from({ length: 8000 }, (_, file) => `galaxies-${String(file).padStart(7, '0')}.pt`);
  const { status, signal, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', script, '--', ...names],
    {
      encoding: 'utf8',
    },
  );
  expect([status, signal, stderr]).toEqual([0, null, '']);
});
