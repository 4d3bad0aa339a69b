import { buffer } from 'node:stream/consumers';
import { UserInputError } from '@cosmicai/payload';
import { bufferSource } from '@cosmicai/store';
import { stateDictStream } from '@cosmicai/torchfile';
import { importModel, FAMILIES, type ModelFamily } from '../src/index.ts';

const result = { model: new Uint8Array(1), assumptions: [], unchecked: undefined };
const checkpoint = bufferSource('mine.pt', Buffer.from('some bytes'));
const tensor = { dtype: 'float32', shape: [1], data: Float32Array.of(1) } as const;

function family(name: string, changes: Partial<ModelFamily> = {}): ModelFamily {
  return {
    name,
    reads: 'mine',
    heeds: ['heads'],
    architectures: [name],
    recognises: () => Promise.resolve(false),
    compile: () => Promise.reject(new UserInputError(`mine.pt: ${name.toLowerCase()}.weight is missing`)),
    describe: () => ({ pairs: [], provenance: {}, json: {} }),
    ...changes,
  };
}

describe('importModel', () => {
  it('takes the family that recognises the checkpoint, though others would compile it', async () => {
    const own = { ...result, assumptions: ['its own'] };
    const families = [
      family('First', { compile: () => Promise.resolve(result) }),
      family('Own', { recognises: () => Promise.resolve(true), compile: () => Promise.resolve(own) }),
    ];
    expect(await importModel(checkpoint, {}, families)).toBe(own);
  });

  it('leaves it to that family to say what does not fit', async () => {
    const families = [family('First'), family('Own', { recognises: () => Promise.resolve(true) })];
    await expect(importModel(checkpoint, {}, families)).rejects.toThrow(/^mine\.pt: own\.weight is missing$/);
  });

  it('names the families and what each misses first, where none recognises it', async () => {
    const cannotRead = () => Promise.reject(new UserInputError('of another kind'));
    const families = [family('First'), family('Second', { recognises: cannotRead })];
    await expect(importModel(checkpoint, {}, families)).rejects.toThrow(
      /^mine\.pt: this checkpoint is of no family .* first:\n- First: first\.weight is missing\n- Second: second\.weight is missing\n.*ONNX/,
    );
  });

  it('says once what is wrong with the file itself', async () => {
    const compile = () => Promise.reject(new UserInputError('mine.pt: it is a web page'));
    await expect(importModel(checkpoint, {}, [family('A', { compile }), family('B', { compile })])).rejects.toThrow(
      /^mine\.pt: it is a web page$/,
    );
  });

  it('hands a bug on, whether in recognising or in compiling', async () => {
    const broken = () => Promise.reject(new TypeError('a bug'));
    for (const bug of [family('A', { recognises: broken }), family('A', { compile: broken })])
      await expect(importModel(checkpoint, {}, [bug, family('B')])).rejects.toThrow(TypeError);
  });

  it.each([
    [{ prefix: 'ema' }, 'prefix (--prefix)'],
    [{ weightsType: 'fp16' }, 'weightsType (--weights)'],
    [{ fold: false }, 'fold (--no-fold)'],
    [{ truth: 'z_true' }, 'truth (truth in a spec beside the checkpoint)'],
  ] as const)('refuses %j of a family that would not heed it', async (options, named) => {
    const own = family('Own', { recognises: () => Promise.resolve(true), compile: () => Promise.resolve(result) });
    await expect(importModel(checkpoint, options, [own])).rejects.toThrow(`checkpoints of Own take no ${named}`);
  });

  it('heeds what says nothing new, or is heeded', async () => {
    const own = family('Own', { recognises: () => Promise.resolve(true), compile: () => Promise.resolve(result) });
    const usual = { fold: true, weightsType: 'fp32', truth: 'redshift', image: {}, checkCrc: false, heads: 6 } as const;
    expect(await importModel(checkpoint, usual, [own])).toBe(result);
  });

  it.each([
    ['under a prefix', { 'ema.patch_embed.proj.weight': tensor }, true],
    ['of something else', { 'layer1.weight': tensor }, false],
  ])('AstroMAE recognises tensors by their names: %s', async (_, tensors, recognised) => {
    const file = bufferSource('state.pt', await buffer(stateDictStream(tensors)));
    expect(await Promise.all(FAMILIES.map((known) => known.recognises(file)))).toEqual([recognised]);
  });
});
