import { PUBLISHED_CONFIG, type AstroMaeConfig, type EncoderConfig } from '../../src/config.ts';

/** The published structure with few channels, all widths different where the model allows it. */
export function narrowConfig(encoder: Partial<EncoderConfig> = {}, imageSize = 32): AstroMaeConfig {
  const embedding = encoder.embedding ?? 48;
  const heads = encoder.heads ?? 6;
  return {
    imageSize,
    bands: 5,
    encoder: {
      ...PUBLISHED_CONFIG.encoder,
      embedding,
      heads,
      depth: 2,
      mlpHidden: 40,
      pcm: { kernel: 1, groups: 12, hidden: 96, batchNormEpsilon: 1e-5 },
      headFeatures: 30,
      hidden: 20,
      features: 22,
      attentionScale: (embedding / heads) ** -0.5,
      ...encoder,
    },
    inception: {
      stem: 7,
      blocks: [
        { inputs: 7, direct: 2, narrow3: 3, out3: 4, narrow5: 5, out5: 6, pooled: 1, runs5: true, poolAfter: false },
        { inputs: 13, direct: 3, narrow3: 2, out3: 5, narrow5: 4, out5: 1, pooled: 6, runs5: true, poolAfter: true },
        { inputs: 15, direct: 4, narrow3: 6, out3: 3, narrow5: 2, out5: 5, pooled: 2, runs5: false, poolAfter: true },
      ],
      batchNormEpsilon: 1e-3,
      hidden: 24,
      features: 26,
    },
    magnitudes: [5, 18, 14, 16],
    fusion: 12,
  };
}
