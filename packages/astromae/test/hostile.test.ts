import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserInputError } from '@cosmicai/payload';
import { bufferSource, TorchFileError } from '@cosmicai/torchfile';
import { importCheckpoint } from '../src/index.ts';
import { fileSource, GOLDEN_FOLDER } from './support/golden-files.ts';

const folder = join(GOLDEN_FOLDER, 'hostile');
/** The file that the payloads of these checkpoints create when anything runs them. */
const MARK = 'hostile-checkpoint-ran';

describe('a hostile checkpoint', () => {
  it('comes in four kinds', () => {
    expect(readdirSync(folder).sort()).toEqual(['builtins-eval.pt', 'cyclic-memo.pt', 'os-system.pt', 'zip-bomb.pt']);
  });

  it.each(readdirSync(folder))('is refused with a typed error and runs nothing: %s', async (name) => {
    const refused = await importCheckpoint(fileSource(folder, name), { heads: 6 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TorchFileError);
    expect(refused).toBeInstanceOf(UserInputError);
    expect((refused as Error).message).toContain(name);
    expect(existsSync(MARK)).toBe(false);
  });

  it('may also be no torch file at all, or a torn one', async () => {
    const source = fileSource(GOLDEN_FOLDER, 'cells-k1-g48.pt');
    const whole = await source.read(0, source.size);
    for (const bytes of [new Uint8Array(0), Buffer.from('no checkpoint'), whole.subarray(0, whole.length >> 1)]) {
      await expect(importCheckpoint(bufferSource('torn.pt', bytes))).rejects.toThrow(TorchFileError);
    }
  });
});
