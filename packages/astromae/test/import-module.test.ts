import { bufferSource, torchFileStream, type ByteSource } from '@cosmicai/torchfile';
import { CheckpointMismatchError, importCheckpoint } from '../src/index.ts';
import { changedCheckpoint } from './support/changed-checkpoint.ts';
import { fileSource, GOLDEN_FOLDER } from './support/golden-files.ts';

const swap = (from: string, to: string) => (found: string) => found.replace(from, to);

describe('a module that is not AstroMAE as known', () => {
  it.each([
    ['another model', /ViT_Astro/, swap('ViT_Astro', 'ViT_Other'), 'module is a', 'ViT_Astro'],
    [
      'another block',
      /NormalCell\nNormalCell/,
      swap('\nNormalCell', '\nNormalSell'),
      'blocks.0 is a',
      'NormalCell or Block',
    ],
    ['another activation in the PCM', /\nSiLU\n/, swap('SiLU', 'GELU'), 'blocks.0.PCM.2 is a', 'SiLU'],
    ['another activation after the encoder', /\nReLU\n/, swap('ReLU', 'Tanh'), 'vit_block.1 is a', 'ReLU'],
    ['a GELU approximated by tanh', /approximate.{1,12}none/s, swap('none', 'tanh'), 'approximate', 'none'],
    ['no class token', /class_token(q.|r.{4})\x88/s, swap('\x88', '\x89'), 'class_token is false', 'true'],
    ['an inception head of its own', /uk_paper(q.|r.{4})\x89/s, swap('\x89', '\x88'), 'uk_paper is true', 'false'],
    [
      'heads that do not divide',
      /num_heads(q.|r.{4})K./s,
      (found) => `${found.slice(0, -1)}\x05`,
      'attention of 5 heads',
      'divides 48',
    ],
    ['a parameter of another name', /fc_norm/, swap('fc_norm', 'fc_gnrm'), 'fc_gnrm is a', 'no such module'],
  ])('is refused where it first differs: %s', async (_, place, replacement, found, expected) => {
    const bytes = await changedCheckpoint('cells-k1-g48', place, replacement);
    const refused = await importCheckpoint(bufferSource('checkpoint.pt', bytes)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CheckpointMismatchError);
    expect((refused as Error).message).toContain('checkpoint.pt: ');
    expect((refused as Error).message).toContain(found);
    expect((refused as Error).message).toContain(expected);
  });

  it('is refused where its blocks differ', async () => {
    const bytes = await changedCheckpoint('cells-k1-g48', SCALE, (found) => withScale(found, 0.25));
    const refused = importCheckpoint(bufferSource('checkpoint.pt', bytes));
    await expect(refused).rejects.toThrow(/blocks\.1 is a block of settings .*0\.353.*first block.*0\.25/);
  });
});

describe('a dict', () => {
  /** A bare module object, as protocol 2 writes it: class, no arguments, a state with `_modules`. */
  const module = 'ctorch.nn.modules.module\nModule\n)\x81}X\x08\0\0\0_modules}sb';

  async function saved(content: string): Promise<ByteSource> {
    const chunks = [];
    for await (const chunk of torchFileStream(Buffer.from(`\x80\x02}(${content}u.`, 'latin1'), [])) chunks.push(chunk);
    return bufferSource('dict.pt', Buffer.concat(chunks));
  }

  it('with several modules is refused, as none is the one', async () => {
    const source = await saved(`X\x05\0\0\0model${module}X\x03\0\0\0ema${module}`);
    await expect(importCheckpoint(source)).rejects.toThrow(/one of several modules \("model", "ema"\)/);
  });

  it('with another module is refused by its class', async () => {
    const source = await saved(`X\x05\0\0\0model${module}X\x05\0\0\0epochK\x03`);
    await expect(importCheckpoint(source)).rejects.toThrow(
      /is a torch\.nn\.modules\.module\.Module; expected ViT_Astro/,
    );
  });
});

describe('hints that a whole module does not need', () => {
  it.each([
    [{ heads: 3 }, /number of attention heads is 6; expected 3 as given/],
    [{ normEpsilon: 1e-5 }, /epsilon in the blocks is 0\.000001; expected 0\.00001 as given/],
  ])('are refused where they contradict it: %j', async (hints, message) => {
    await expect(importCheckpoint(fileSource(GOLDEN_FOLDER, 'cells-k1-g48.pt'), hints)).rejects.toThrow(message);
  });
});

describe('the scale of attention', () => {
  it('is the one in the module, not one worked out from its width', async () => {
    const bytes = await changedCheckpoint('cells-k3-g48-patch4', SCALE, (found) => withScale(found, 0.25));
    const { config } = await importCheckpoint(bufferSource('checkpoint.pt', bytes));
    expect(config.encoder).toMatchObject({ depth: 1, heads: 1, embedding: 48, attentionScale: 0.25 });
  });
});

/** The attribute `scale` in a pickle: its name, memoized, and a big-endian float64. */
const SCALE = /scale(q.|r.{4})G.{8}/s;

function withScale(found: string, scale: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(scale);
  return found.slice(0, -8) + bytes.toString('latin1');
}
