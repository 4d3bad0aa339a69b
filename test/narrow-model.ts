import { PUBLISHED_CONFIG, type AstroMaeConfig } from '../packages/astromae/src/index.ts';

const { encoder, inception } = PUBLISHED_CONFIG;
const NARROW = { hidden: 96, features: 96 };

/** The published architecture, one block deep and narrow behind it, where most of the time of a shallow model goes. */
export const NARROW_CONFIG: AstroMaeConfig = {
  ...PUBLISHED_CONFIG,
  encoder: { ...encoder, depth: 1, ...NARROW },
  inception: { ...inception, ...NARROW, blocks: [narrowBlock(inception.stem), narrowBlock(16)] },
  magnitudes: [5, 96, 96],
  fusion: 96,
};

/** 16 channels, after which the image is halved. */
function narrowBlock(inputs: number): AstroMaeConfig['inception']['blocks'][number] {
  return { inputs, direct: 4, narrow3: 4, out3: 4, narrow5: 4, out5: 4, pooled: 4, runs5: true, poolAfter: true };
}
