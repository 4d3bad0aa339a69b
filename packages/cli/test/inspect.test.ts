import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withMetadata } from '@cosmicai/inference';
import { QUANTIZATION_KEY } from '@cosmicai/payload';
import { printedJson, Workspace } from './support/workspace.ts';

const golden = fileURLToPath(new URL('../../astromae/test/golden/cells-k1-g48.pt', import.meta.url));

let workspace: Workspace;
beforeAll(() => {
  workspace = new Workspace();
  writeFileSync(workspace.path('foreign.onnx'), foreign(readFileSync(workspace.modelPath)));
});
afterAll(() => workspace.remove());

/** The same model as somebody else would have written it: other names, and no metadata that this system knows. */
function foreign(model: Buffer): Buffer {
  const text = model.toString('latin1');
  const renamed = text
    .replaceAll('cosmicai', 'somebody')
    .replaceAll('image', 'input')
    .replaceAll('redshift', 'estimate');
  return Buffer.from(renamed, 'latin1');
}

describe('cosmicai model inspect', () => {
  it('describes a model made elsewhere, and says why infer does not run it', async () => {
    const end = await workspace.inProcess(['model', 'inspect', 'foreign.onnx']);
    expect(end.code).toBe(0);
    expect(end.stdout).not.toContain('Architecture');
    expect(end.stdout).toMatch(/^File +\d.* sha-256 [\da-f]{64}$/m);
    expect(end.stdout).toMatch(/^Inputs +input float32 \[batch, 5, 32, 32\], magnitudes float32 \[batch, 5\]$/m);
    expect(end.stdout).toMatch(/^Outputs +estimate float32 \[batch, 1\]$/m);
    expect(end.stdout).toMatch(/^Made by +somebody$/m);
    expect(end.stdout).toMatch(/^Opsets +ai\.onnx \d+.*; IR \d+$/m);
    expect(end.stdout).toMatch(/^Operators +.*\bMatMul \d+/m);
    expect(end.stdout).toMatch(/^Metadata +somebody\.architecture, /m);
    expect(end.stdout).toMatch(/^Trained on +unknown/m);
    expect(end.stdout).toContain(`can't be used: it has no input "image"`);
    expect(end.stdout).toContain('--map image=input --map redshift=estimate');
  });

  it('says how infer runs it once its names are told', async () => {
    const use = ['--map', 'image=input', '--map', 'redshift=estimate'];
    const [table, json] = await Promise.all([
      workspace.inProcess(['model', 'inspect', 'foreign.onnx', ...use]),
      workspace.inProcess(['model', 'inspect', 'foreign.onnx', ...use, '--json']),
    ]);
    expect(table.stdout).toMatch(
      /^infer +runs it: image from input, magnitudes .*, redshift from estimate, any batch/m,
    );
    expect(table.stdout).toMatch(/^Probed +a finite, repeatable answer for each galaxy/m);
    expect(json.code).toBe(0);
    expect(printedJson(json)).toMatchObject({
      producer: 'somebody',
      inputs: [{ name: 'input', type: 'float32', shape: ['batch', 5, 32, 32] }, { name: 'magnitudes' }],
      externalFiles: [],
      trained: null,
      inference: { usable: true, contract: { image: { name: 'input' }, batch: null }, warnings: [] },
    });
  });

  it('says of a file beside the model that it is not taken for its spec, once', async () => {
    writeFileSync(workspace.path('trained.onnx'), readFileSync(workspace.path('foreign.onnx')));
    writeFileSync(workspace.path('trained.yaml'), 'epochs: 3\n');
    const note = expect.stringMatching(/trained\.yaml is not taken for the model's spec, as it has no inputs\.image/);
    const args = ['model', 'inspect', 'trained.onnx', '--map', 'image=input'];
    const [refused, used, json] = await Promise.all([
      workspace.inProcess(args),
      workspace.inProcess([...args, '--map', 'redshift=estimate']),
      workspace.inProcess([...args, '--map', 'redshift=estimate', '--json']),
    ]);
    for (const { stdout } of [refused, used]) expect(stdout.match(/^.*is not taken for.*$/gm)).toEqual([note]);
    expect(used.stdout).toMatch(/^Beside it +.*is not taken/m);
    expect(used.stdout).toMatch(/^Probed +.*whatever its batch mates$/m);
    expect(printedJson(json)).toMatchObject({ notes: [note], inference: { usable: true } });
  });

  it('names where trained ranges come from, and ranges that are none', async () => {
    const ranges = { magnitudes: Array.from({ length: 5 }, () => [14, 22]), redshift: [0, 0.5] };
    writeFileSync(workspace.path('ranged.onnx'), readFileSync(workspace.modelPath));
    writeFileSync(workspace.path('ranged.trained.json'), JSON.stringify(ranges));
    const good = await workspace.inProcess(['model', 'inspect', 'ranged.onnx']);
    expect(good.stdout).toMatch(/^Trained on +redshift 0\.000 to 0\.5000, .*ranged\.trained\.json\)$/m);
    writeFileSync(workspace.path('ranged.trained.json'), '{"redshift": 7}');
    const bad = await workspace.inProcess(['model', 'inspect', 'ranged.onnx']);
    expect(bad.code).toBe(0);
    expect(bad.stdout).toMatch(/^Architecture +AstroMAE/m);
    expect(bad.stdout).toMatch(/^Trained on +.*ranged\.trained\.json has \d problems?:/m);
    expect(bad.stdout).toMatch(/^infer +can't run it/m);
  });

  it('says of a note on 8 bits that is none why infer refuses the model', async () => {
    const noted = withMetadata(readFileSync(workspace.modelPath), QUANTIZATION_KEY, '{"weight_bits": 7}');
    writeFileSync(workspace.path('noted.onnx'), noted);
    const end = await workspace.inProcess(['model', 'inspect', 'noted.onnx']);
    expect(end.stdout).not.toMatch(/^Arithmetic/m);
    expect(end.stdout).toMatch(/cosmicai\.quantization in the metadata of .*noted\.onnx has \d problems?:/);
  });

  it('writes no description over the spec that it comes from', async () => {
    const spec = workspace.path('own.spec.yaml');
    writeFileSync(spec, 'inputs: { image: { bands: [r], side: 32 } }');
    const end = await workspace.inProcess([
      'model',
      'describe',
      'foreign.onnx',
      '--spec',
      spec,
      '--out',
      'own.spec.yaml',
    ]);
    expect(end).toMatchObject({ code: 2, stdout: '' });
    expect(end.stderr).toContain('is the spec: name another file for the copy of the model');
    expect(readFileSync(spec, 'utf8')).toContain('bands: [r]');
  });

  it('refuses what is no ONNX file, by what it is', async () => {
    const end = await workspace.inProcess(['model', 'inspect', golden]);
    expect(end.code).toBe(2);
    expect(end.stderr).toContain('is not an ONNX model: it is a zip file, such as torch.save writes');
    expect(end.stdout).toBe('');
  });
});

describe('cosmicai model import', () => {
  const stateDict = fileURLToPath(new URL('../../astromae/test/golden/cells-deep.pt', import.meta.url));
  const imported = (...options: string[]) =>
    workspace.inProcess(['model', 'import', stateDict, '--heads', '12', '-o', 'imported.onnx', ...options]);

  it.each(['ckpt', 'pth'])('takes along the trained ranges beside a checkpoint that ends in .%s', async (ending) => {
    const ranges = { magnitudes: Array.from({ length: 5 }, () => [14, 22]), redshift: [0, 0.5] };
    copyFileSync(stateDict, workspace.path(`network.${ending}`));
    writeFileSync(workspace.path('network.trained.json'), JSON.stringify(ranges));
    const out = `from-${ending}.onnx`;
    const args = ['model', 'import', `network.${ending}`, '--heads', '12', '-o', out, '--json'];
    expect(printedJson(await workspace.inProcess(args))).toMatchObject({ trained: { ranges } });
    expect(JSON.parse(readFileSync(workspace.path(`from-${ending}.trained.json`), 'utf8'))).toEqual(ranges);
  });

  it('names what the network takes as told, and keeps every assumption in the model', async () => {
    const end = await imported('--bands', 'g,r,i,z,y', '--features', 'a,b,c,d,e', '--prefix', 'module');
    expect(end.code).toBe(0);
    expect(end.stderr).toMatch(/^Assumed: 12 attention heads as given/m);
    const { metadata } = printedJson(await workspace.inProcess(['model', 'inspect', 'imported.onnx', '--json'])) as {
      metadata: Record<string, string>;
    };
    expect(JSON.parse(metadata['cosmicai.spec']!)).toMatchObject({
      inputs: { image: { bands: ['g', 'r', 'i', 'z', 'y'], side: 32 }, features: ['a', 'b', 'c', 'd', 'e'] },
    });
    const assumed = [...end.stderr.matchAll(/^Assumed: (.*)$/gm)].map(([, assumption]) => assumption);
    expect(metadata['cosmicai.provenance.assumptions']).toBe(assumed.join('; '));
    expect(metadata['cosmicai.provenance.checkpoint_prefix']).toBe('module.');
  });

  it.each([
    [['--grid', '0.4:0'], 'Expected two numbers that rise, such as 0:0.4.'],
    [['--grid', '0:0.4'], 'bins were given (--grid), but the network answers one redshift'],
    [['--bands', 'g,r'], 'the network has 5 bands; 2 were named (g, r)'],
    [['--prefix', 'ema'], 'without a network under ema; there is module.'],
  ])('refuses what does not fit, and writes nothing: %j', async (options, reason) => {
    const end = await workspace.inProcess([
      ...['model', 'import', stateDict, '--heads', '12', '-o', 'refused.onnx'],
      ...options,
    ]);
    expect(end.code).not.toBe(0);
    expect(end.stderr).toContain(reason);
    expect(existsSync(workspace.path('refused.onnx'))).toBe(false);
  });
});
