import { once } from '@cosmicai/payload';

/** 2: sharp enough for print and for screens of twice the density. */
const PNG_SCALE = 2;

/** Native code, for those alone who make pictures of pixels. */
export const loadSharp = once(async () => (await import('sharp')).default);

/** Draws an SVG as PNG. */
export async function pngOf(svg: string): Promise<Buffer> {
  const sharp = await loadSharp();
  return sharp(Buffer.from(svg), { density: 72 * PNG_SCALE })
    .png()
    .toBuffer();
}
