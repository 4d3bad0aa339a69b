import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openPartition } from '@cosmicai/torchfile';
import { bufferSource } from '@cosmicai/store';
import { astromae } from '../src/astromae/astromae-family.ts';
import { describeModelFamily } from '../src/conformance.ts';

const golden = join(import.meta.dirname, '../../astromae/test/golden');
const record = JSON.parse(readFileSync(join(golden, 'cells-k1-g48.json'), 'utf8')) as {
  readonly partition: string;
  readonly predictions: readonly number[];
};

describeModelFamily(astromae, {
  checkpoint: () => readFile(join(golden, 'cells-k1-g48.pt')),
  async samples() {
    const partition = await openPartition(bufferSource('golden', await readFile(join(golden, record.partition))));
    const { count, images, magnitudes } = await partition.read(0, partition.count);
    return { count, images, magnitudes };
  },
  answers: () => record.predictions,
});
