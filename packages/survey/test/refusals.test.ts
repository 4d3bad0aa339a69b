import { readCatalogue, simulateSurvey } from '../src/index.ts';
import { CatalogueError } from '../src/catalogue-error.ts';

const HEADER = 'z_spec,model_u,model_g,model_r,model_i,model_z,ext_u,ext_g,ext_r,ext_i,ext_z\n';

it.each([
  ['empty', '', /^my\.csv has no rows, nor a header/],
  ['of a header alone', HEADER, /^my\.csv has no rows; expected a header line and a line a galaxy/],
  ['a FITS file', 'SIMPLE  =                    T', /^my\.csv is .*FITS/],
  ['binary', `${HEADER}\0\0`, /^my\.csv is not text/],
])('a catalogue that is %s is refused as that', async (_what, text, message) => {
  const read = readCatalogue([Buffer.from(text)] as unknown as AsyncIterable<Uint8Array>, 'my.csv');
  await expect(read).rejects.toThrow(CatalogueError);
  await expect(read).rejects.toThrow(message);
});

it.each([
  [{ count: 1.5 }, /^count must be a whole number, not 1\.5/],
  [{ count: 1, batchSize: 0 }, /^batchSize must be at least 1/],
  [{ count: 2, start: 2 ** 32 - 1 }, /^a survey has at most 2\^32 galaxies, not 4294967297/],
  [{ count: 1, seed: -1 }, /^seed must be an integer from 0 to 2\^53 - 1, not -1/],
])('a survey of %j is refused', (options, message) => {
  expect(() => simulateSurvey({ seed: 1, ...options }).next()).toThrow(message);
});
