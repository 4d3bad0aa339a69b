import { stageDimensions } from '../src/index.ts';

it('metrics have the stage as a dimension where a deployment named one, and none on this machine', () => {
  expect(stageDimensions({ COSMICAI_STAGE: 'dev' })).toEqual({ defaultDimensions: { stage: 'dev' } });
  expect(stageDimensions({ COSMICAI_STAGE: '' })).toEqual({});
  expect(stageDimensions({})).toEqual({});
});
