import { ASTROMAE, sampleBits } from '@cosmicai/payload';

/** What "bits" means in every throughput here and in the published tables: image (float32) and magnitudes (float64) of a galaxy, without its redshift. */
export const BITS_PER_SAMPLE = sampleBits(ASTROMAE);
