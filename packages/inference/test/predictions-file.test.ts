import { FORMAT, PARQUET_FORMAT_KEY } from '@cosmicai/payload';
import { decodePredictions, encodePredictions } from '../src/index.ts';

describe('a file of predictions', () => {
  it('tells its format, and is refused in one that only later versions know', async () => {
    const file = Buffer.from(encodePredictions(0, []));
    expect(await decodePredictions(file)).toEqual([]);
    const key = file.indexOf(PARQUET_FORMAT_KEY);
    expect(key).toBeGreaterThan(0);
    file.write('9', file.indexOf(String(FORMAT), key + PARQUET_FORMAT_KEY.length));
    await expect(decodePredictions(file)).rejects.toThrow(/was written by a newer CosmicAI: format 9/);
  });
});
