/** Bands u, g, r, i, z. */
const BANDS = 5;
const PIXELS = 32 * 32;

/** What "bits" means in every throughput here and in the published tables: image (float32) and magnitudes (float64) of a galaxy, without its redshift. */
export const BITS_PER_SAMPLE = BANDS * PIXELS * 32 + BANDS * 64;
