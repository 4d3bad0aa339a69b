/** What pages take their reader to have, by the names in `<!-- run: given … -->`. */
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { compileAstroMae, importCheckpoint } from '../../packages/astromae/src/index.ts';
import { OciLayout } from '../../packages/deploy/src/image/oci-layout.ts';
import { sha256 } from '../../packages/deploy/src/image/registry.ts';
import { demoModel } from '../../packages/demo-model/src/index.ts';
import { withMetadata } from '../../packages/inference/src/index.ts';
import { MODEL_SPEC_KEY } from '../../packages/payload/src/index.ts';
import { fileStore, openStore, type ObjectStore } from '../../packages/store/src/index.ts';
import { writeSurvey } from '../../packages/survey/src/index.ts';
import { storeSource } from '../../packages/torchfile/src/index.ts';
import { image, magnitudes, testModel } from '../onnx-models.ts';
import { root } from './commands.ts';

const CHECKPOINT = join(root, 'packages/astromae/test/golden/cells-k1-g48.pt');
const GALAXIESML = join(root, 'packages/samples/test/golden/galaxiesml.h5');

/** Two partitions, each with enough galaxies that images and magnitudes can be compared. Made once. */
const PARTITIONS = { count: 100, seed: 1, partitionBytes: 1_048_576 };
const made = await mkdtemp(join(tmpdir(), 'cosmicai-docs-given-'));
await writeSurvey(fileStore(made), '', PARTITIONS);

const trained = await importCheckpoint(await storeSource(fileStore(dirname(CHECKPOINT)), basename(CHECKPOINT)));

export const removeGiven = () => rm(made, { recursive: true });

/** Makes what a page takes for given, in the folder where its reader stands; what lies on S3 is there once AWS is stood in for. */
export async function give(name: string, folder: string): Promise<void> {
  const maker = MAKERS[name];
  if (maker === undefined) throw new Error(`Nobody knows how to make "${name}".`);
  await maker((path) => join(folder, path));
}

/** Puts partitions where a deployed stage's sample payload looks for them. */
export async function partitionsAt(store: ObjectStore, prefix: string): Promise<void> {
  for (const partition of ['1.pt', '2.pt'])
    await store.put(`${prefix}/${partition}`, await fileStore(made).get(partition));
}

/** Why something can't be given on this machine; undefined where it can. */
export function whyNotGiven(name: string): string | undefined {
  return name === 'DATA' && process.env.COSMICAI_SDSS === undefined
    ? "COSMICAI_SDSS doesn't name a folder of the survey's files"
    : undefined;
}

type Maker = (path: (name: string) => string) => Promise<unknown>;

const copied =
  (from: string, to: string): Maker =>
  async (path) => {
    await mkdir(dirname(path(to)), { recursive: true });
    await cp(from, path(to), { recursive: true });
  };
const written =
  (name: string, text: string | Uint8Array | ((path: (name: string) => string) => string)): Maker =>
  async (path) => {
    await mkdir(dirname(path(name)), { recursive: true });
    await writeFile(path(name), typeof text === 'function' ? text(path) : text);
  };
const model = (weightsType: 'fp16' | 'fp32') => compileAstroMae(trained.config, trained.weights, { weightsType });
const inTurn =
  (...makers: Maker[]): Maker =>
  async (path) => {
    for (const maker of makers) await maker(path);
  };
const payload = (fields: object) =>
  JSON.stringify({ data_prefix: 'partitions', result_path: 'results', world_size: 1, ...fields });

const MAKERS: Readonly<Record<string, Maker>> = {
  partitions: copied(made, 'partitions'),
  '1.pt': copied(join(made, '1.pt'), '1.pt'),
  'train/1.pt': copied(join(made, '1.pt'), 'train/1.pt'),
  'train/2.pt': copied(join(made, '2.pt'), 'train/2.pt'),
  'full.pt': copied(join(made, '1.pt'), 'full.pt'),
  'hsc.h5': copied(GALAXIESML, 'hsc.h5'),
  'checkpoint.pt': copied(CHECKPOINT, 'checkpoint.pt'),
  'out/published.pt': copied(CHECKPOINT, 'out/published.pt'),
  'a trained checkpoint': inTurn(
    copied(CHECKPOINT, 'training/runs/demo/astromae-demo.pt'),
    async (path) => await mkdir(path('packages/demo-model'), { recursive: true }),
  ),
  'model.onnx': written('model.onnx', model('fp32')),
  'fp32.onnx': written('fp32.onnx', model('fp32')),
  'fp16.onnx': written('fp16.onnx', model('fp16')),
  'hsc.onnx and hsc.json': inTurn(
    written('hsc.onnx', model('fp32')),
    written(
      'hsc.json',
      JSON.stringify({ inputs: { image: { bands: ['g', 'r', 'i', 'z', 'y'], side: 64 }, features: ['g'] } }),
    ),
  ),
  'hsc.h5 and a model of it': inTurn(
    copied(GALAXIESML, 'hsc.h5'),
    written(
      'hsc.onnx',
      withMetadata(
        testModel({ image: image('n', 5, 6, 6), magnitudes: magnitudes('n', 1) }),
        MODEL_SPEC_KEY,
        JSON.stringify({ inputs: { image: { bands: ['g', 'r', 'i', 'z', 'y'], side: 6 }, features: ['mag_g'] } }),
      ),
    ),
  ),
  'sdss.csv': written('sdss.csv', catalogue(20)),
  'sdss_main_galaxies.csv': inTurn(
    written('sdss_main_galaxies.csv', catalogue(2000)),
    async (path) => await mkdir(path('data')),
  ),
  DATA: async (path) => await symlink(process.env.COSMICAI_SDSS!, path('DATA')),
  'payload.json': written('payload.json', (path) => payload({ bucket: `file://${path('.')}` })),
  'buckets and payload.json': inTurn(
    copied(made, 'data/buckets/galaxies/partitions'),
    written('payload.json', payload({ bucket: 'galaxies' })),
  ),
  'the held-out sets': inTurn(
    copied(join(made, '1.pt'), 'data/held-out/1.pt'),
    copied(join(made, '2.pt'), 'data/held-out-real/1.pt'),
  ),
  'the models of the demo': copied(dirname(demoModel()), 'packages/demo-model'),
  'old results': async (path) => await cp(path('results/combined_data.json'), path('old/combined_data.json')),
  'the bucket galaxies': async () => {
    // moto makes a bucket by this request alone, and says nothing where it is there already.
    await fetch(`${process.env.AWS_ENDPOINT_URL!}/galaxies`, { method: 'PUT' });
    await partitionsAt(openStore('s3://galaxies'), '100MB');
  },
  'a base image': baseImage,
  'a home with fish': async (path) => await mkdir(path('.config/fish/completions'), { recursive: true }),
  'the profile survey': inTurn(
    written('.aws/config', '[profile survey]\nregion = us-east-1\n'),
    written('.aws/credentials', '[survey]\naws_access_key_id = test\naws_secret_access_key = test\n'),
  ),
};

/** A base for images, laid out as a folder, which has no files. */
async function baseImage(path: (name: string) => string): Promise<void> {
  const layout = new OciLayout(path('base'));
  const put = async (value: object) => {
    const bytes = Buffer.from(JSON.stringify(value));
    await layout.putBlob(sha256(bytes), bytes);
    return { digest: sha256(bytes), size: bytes.length };
  };
  const described = { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [] } };
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', ...(await put(described)) };
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] }));
  await layout.putManifest('empty', { mediaType, bytes });
}

/** Galaxies that a survey could have measured, no two the same. */
function catalogue(rows: number): string {
  const lines = Array.from({ length: rows }, (_, row) => {
    const faint = (row % 100) / 100;
    const magnitudes = [18.9, 17.4, 16.7, 16.3, 16].map((bright) => (bright + faint).toFixed(2));
    return [(0.05 + row / 50_000).toFixed(5), ...magnitudes, 0.2, 0.15, 0.1, 0.08, 0.06].join(',');
  });
  return `z_spec,model_u,model_g,model_r,model_i,model_z,ext_u,ext_g,ext_r,ext_i,ext_z\n${lines.join('\n')}\n`;
}
