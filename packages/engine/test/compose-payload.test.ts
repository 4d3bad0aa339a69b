import { InvalidAddressError } from '@cosmicai/store';
import { composePayload } from '../src/index.ts';

describe('the payload of a run', () => {
  it('is refused before anything is started where it names a kind of store that there is not', () => {
    for (const options of [{ data: 'gs://data/small' }, { data: 's3://data/small', results: 'gs://data/results' }])
      expect(() => composePayload({}, options, '/home/me')).toThrow(InvalidAddressError);
  });

  it('names stores by their addresses: buckets with a prefix, folders of this machine each by itself', () => {
    const { payload } = composePayload({}, { data: 's3://data/small/', results: 'out/nightly' }, '/home/me');
    expect(payload).toMatchObject({ data_bucket: 's3://data', data_prefix: 'small' });
    expect(payload).toMatchObject({ bucket: 'file:///home/me/out', result_path: 'nightly' });
    expect(composePayload({}, { data: 'a b', results: '/results' }, '/home/me').payload).toMatchObject({
      ...{ data_bucket: 'file:///home/me/a%20b', data_prefix: '', bucket: 'file:///', result_path: 'results' },
    });
  });
});
