/** Models of all kinds, in the functions as they are packaged: to the bit what one machine answers. */
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { compileAstroMae, randomWeights, type NetworkConfig } from '../../../packages/astromae/src/index.ts';
import { MODEL_SPEC_KEY } from '../../../packages/payload/src/index.ts';
import { openStore } from '../../../packages/store/src/index.ts';
import {
  CLASSES,
  COUNT,
  DENSITY,
  SIGMA,
  SMALL,
  VECTOR,
  writeKindPartitions,
  writeModelKind,
  type ModelKind,
} from '../../model-kinds.ts';
import { NARROW_CONFIG } from '../../narrow-model.ts';
import { expectThat, type Rehearsal } from '../rehearsal.ts';
import { run, STAGE } from '../runs.ts';
import type { Scene } from './index.ts';

/** Of a network that multiplies matrices, not only of means: 64 pixels, three bands, a density. */
const NETWORK = { name: 'network', bands: ['g', 'r', 'i'], side: 64, bins: 8 } as const;

/** Numbers of [0, 1) without a pattern that galaxies share. */
function pixel(at: number): number {
  return (Math.imul(at + 1, 2654435761) >>> 0) / 2 ** 32;
}

async function writeNetwork(folder: string): Promise<void> {
  const { bands, side, bins, name } = NETWORK;
  const config: NetworkConfig = {
    ...NARROW_CONFIG,
    imageSize: side,
    bands: bands.length,
    magnitudes: [bands.length, ...NARROW_CONFIG.magnitudes.slice(1)],
    outputs: bins,
    answer: 'density',
  };
  const grid = Array.from({ length: bins + 1 }, (_, edge) => edge / 10);
  const outputs = [{ name: 'density', kind: 'density', grid, scores: 'probabilities' }];
  const spec = { inputs: { image: { bands, side }, features: bands.map((band) => `mag_${band}`) }, outputs };
  const sample = { [MODEL_SPEC_KEY]: JSON.stringify(spec) };
  await writeFile(join(folder, `${name}.onnx`), compileAstroMae(config, randomWeights(config, 11), { sample }));
  await writeKindPartitions(folder, NETWORK, pixel);
}

const KINDS: readonly ModelKind[] = [SMALL, DENSITY, CLASSES, SIGMA, VECTOR];

/** Every column and row, each number in all its digits; where the partition lies is another matter. */
async function rowsOf(file: Uint8Array): Promise<string> {
  const rows = await parquetReadObjects({ file: new Uint8Array(file).buffer });
  return JSON.stringify(
    rows.map((row) => ({ ...row, partition: basename(String(row.partition)) })),
    (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value),
  );
}

async function answersAlike(rehearsal: Rehearsal): Promise<void> {
  const { folder } = rehearsal.user;
  for (const kind of KINDS) await writeModelKind(folder, kind, pixel);
  await writeNetwork(folder);
  for (const { name } of [...KINDS, NETWORK]) {
    const options = `--data ${name} --model ${name}.onnx`;
    const there = await run(rehearsal, `results/kind-${name}`, { options });
    const { stdout } = await rehearsal.typed(`cosmicai run ${options} --world-size 2 --results here-${name} --json`);
    const here = JSON.parse(stdout) as typeof there.json;
    const of = ({ summary }: typeof here) => {
      expectThat(summary?.status === 'SUCCEEDED' && summary.samples === 2 * COUNT, () => JSON.stringify(summary));
      return `${summary.result_path}/runs/${summary.run_id}/predictions`;
    };
    const store = openStore(`file://${folder}`);
    for (const rank of [0, 1]) {
      const answered = await rehearsal.storeOf(STAGE).get(`${of(there.json)}/${rank}.parquet`);
      const expected = await store.get(`${of(here)}/${rank}.parquet`);
      const [one, other] = await Promise.all([rowsOf(answered), rowsOf(expected)]);
      expectThat(one === other, () => `${name}, rank ${rank}: the stage answers ${one}, this machine ${other}`);
    }
  }
}

export const MODELS: readonly Scene[] = [
  { name: 'models of all kinds answer as on one machine', quick: false, play: answersAlike },
];
