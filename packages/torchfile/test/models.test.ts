import {
  holdsModule,
  isCall,
  moduleStateDict,
  openTorchFile,
  qualifiedName,
  readModuleTree,
  readStateDict,
  UnsupportedTorchFileError,
} from '../src/index.ts';
import { golden, goldenSource, sha256 } from './golden-files.ts';

describe('readModuleTree', () => {
  const read = async () => readModuleTree(await openTorchFile(goldenSource('module.pt')));

  it('names classes and paths', async () => {
    const net = await read();
    expect(net.className).toBe('__main__.SmallNet');
    expect([...net.children.keys()]).toEqual(['patches', 'norm', 'head', 'again']);
    expect(net.children.get('head')!.children.get('0')).toMatchObject({
      className: 'torch.nn.modules.linear.Linear',
      path: 'head.0',
    });
  });

  it('gives attributes as plain data, and code by its name only', async () => {
    const { attributes } = await read();
    expect(attributes.get('training')).toBe(true);
    expect(attributes.get('device')).toBe('cuda:0');
    expect(attributes.get('size')).toEqual([2, 3]);
    expect(attributes.get('activation')).toEqual({ kind: 'opaque', className: 'torch.nn.functional.relu' });
    expect(attributes.get('make_norm')).toEqual({
      kind: 'opaque',
      className: 'torch.nn.modules.normalization.LayerNorm',
    });
    const options = new Map<string, unknown>([
      ['depth', 12],
      ['ratio', 0.25],
      ['names', ['a', 'b']],
      ['seen', [1]],
      ['huge', 2n ** 70n],
    ]);
    expect(attributes.get('options')).toEqual(options);
    expect([...attributes.keys()].filter((name) => name.includes('hook'))).toEqual([]);
  });

  it('finds hyperparameters of layers', async () => {
    const net = await read();
    expect(net.children.get('norm')!.attributes.get('eps')).toBe(1e-6);
    expect(net.children.get('patches')!.attributes.get('grid')).toEqual([2, 2]);
    expect(net.children.get('patches')!.children.get('proj')!.attributes.get('kernel_size')).toEqual([2, 2]);
  });

  it('reads parameters that carry state of their own, and registered but absent ones', async () => {
    const net = await read();
    expect(net.parameters.get('absent')).toBeNull();
    expect(net.children.get('patches')!.children.get('proj')!.parameters.get('weight')).toMatchObject({
      dtype: 'float32',
      shape: [3, 5, 2, 2],
    });
    expect(net.children.get('patches')!.children.get('proj')!.parameters.get('bias')).toBeNull();
  });

  it('gives a module that stands under two names once', async () => {
    const net = await read();
    expect(net.children.get('again')).toBe(net.children.get('head')!.children.get('0'));
  });

  it('has the tensors of state_dict(), bit for bit', async () => {
    const file = await openTorchFile(goldenSource('module.pt'));
    const tensors = moduleStateDict(readModuleTree(file));
    const expected = golden.tensors['module.pt']!;
    expect([...tensors.keys()].toSorted()).toEqual(Object.keys(expected).toSorted());
    for (const [name, ref] of tensors) {
      const tensor = await file.tensor(ref);
      expect([name, tensor.dtype, tensor.shape]).toEqual([name, expected[name]!.dtype, expected[name]!.shape]);
      expect(sha256(tensor.data)).toBe(expected[name]!.sha256);
    }
  });

  it('refuses a state dict', async () => {
    const file = await openTorchFile(goldenSource('state-dict.pt'));
    expect(holdsModule(file)).toBe(false);
    expect(() => readModuleTree(file)).toThrow(UnsupportedTorchFileError);
    expect(() => readModuleTree(file)).toThrow('found a collections.OrderedDict');
  });

  it('executes nothing: every global stays a pair of names', async () => {
    const { root } = await openTorchFile(goldenSource('module.pt'));
    expect(isCall(root) && qualifiedName(root.callee)).toBe('__main__.SmallNet');
    expect(isCall(root) && root.args).toEqual([]);
  });
});

describe('readStateDict', () => {
  it.each([
    ['state-dict.pt', []],
    ['checkpoint.pt', ['model']],
  ])('reads %s and reports where the tensors were', async (name, path) => {
    const file = await openTorchFile(goldenSource(name));
    const found = readStateDict(file);
    const expected = golden.tensors[name]!;
    expect(found.path).toEqual(path);
    expect([...found.tensors.keys()]).toEqual(Object.keys(expected));
    for (const [key, ref] of found.tensors) {
      expect(sha256((await file.tensor(ref)).data)).toBe(expected[key]!.sha256);
    }
  });

  it('says what it found instead', async () => {
    const file = await openTorchFile(goldenSource('module.pt'));
    expect(() => readStateDict(file)).toThrow('found a __main__.SmallNet');
  });
});
