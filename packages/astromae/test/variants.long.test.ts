import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bufferSource, type ByteSource } from '@cosmicai/torchfile';
import { compileCheckpoint } from '../src/index.ts';
import { patternInputs } from './support/pattern.ts';
import { largestDifference, predict } from './support/run-onnx.ts';
import { torchPython } from '../../../test/torch-python.ts';

/** What training/golden/import_variants.py writes of each network in each form that it is saved in. */
type Variant = {
  readonly network: string;
  readonly form: string;
  readonly file: string;
  readonly density: boolean;
  readonly prefix?: string;
} & (
  | { readonly refused: string }
  | { readonly bands: number; readonly side: number; readonly predictions: readonly number[] }
);

const TOLERANCE = 2e-6;
/** State dicts tell no number of heads, but for those of Lightning; every whole module does. */
const HEADS = 3;
const python = torchPython();
const script = join(import.meta.dirname, '..', '..', '..', 'training', 'golden', 'import_variants.py');

(python === undefined ? describe.skip : describe)('networks of PyTorch, in every form that they are saved in', () => {
  let folder: string;
  let variants: readonly Variant[];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'variants-'));
    const made = spawnSync(python ?? '', [script, 'files', folder], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(made.stderr);
    variants = JSON.parse(readFileSync(join(folder, 'variants.json'), 'utf8')) as Variant[];
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('predict what they predict in PyTorch, or are refused with the reason', async () => {
    const told: Record<string, string>[] = [];
    const wrong: string[] = [];
    for (const variant of variants) {
      const source = bufferSource(variant.file, readFileSync(join(folder, variant.file)));
      const { said, right } = await outcome(variant, source);
      told.push({ network: variant.network, form: variant.form, outcome: said });
      if (!right) wrong.push(`${variant.network}, ${variant.form}: ${said}`);
    }
    if (process.env.COSMICAI_VARIANTS !== undefined) console.table(told);
    expect(wrong).toEqual([]);
    expect(variants.length).toBeGreaterThanOrEqual(84);
    expect(new Set(variants.map(({ network }) => network)).size).toBe(14);
  });
});

async function outcome(variant: Variant, source: ByteSource): Promise<{ said: string; right: boolean }> {
  const { network, form, density, prefix } = variant;
  const compiled = await compileCheckpoint(source, {
    ...(form.startsWith('module,') || form === 'module' || form === 'Lightning' ? {} : { heads: HEADS }),
    ...(network === 'vit-uncertainty' && { sigma: 'log_variance' as const }),
    prefix,
    ...(density && { grid: [0, 1] as const }),
    ...(network.includes('3-bands') && { bands: ['g', 'r', 'z'] }),
  }).catch((error: unknown) => error as Error);
  if (compiled instanceof Error) {
    return { said: compiled.message, right: 'refused' in variant && compiled.message.includes(variant.refused) };
  }
  if ('refused' in variant) return { said: 'imported', right: false };
  const { bands, side, predictions } = variant;
  const difference = largestDifference(await predict(compiled.model, patternInputs(bands, side)), predictions);
  return { said: difference.toExponential(1), right: difference < TOLERANCE };
}
