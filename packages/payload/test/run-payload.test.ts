import { InvalidInputError, parseRunPayload } from '../src/index.ts';

describe('parseRunPayload', () => {
  it('fills defaults and reads numeric strings', () => {
    const { payload, warnings } = parseRunPayload({
      bucket: 'cosmicai-data',
      file_limit: '90',
      batch_size: '512',
      data_prefix: '100MB',
    });
    expect(payload).toMatchObject({
      bucket: 'cosmicai-data',
      data_bucket: 'cosmicai-data',
      file_limit: 90,
      batch_size: 512,
      fmi_enabled: false,
    });
    expect(warnings).toEqual([]);
  });

  it('lists every problem at once', () => {
    const parse = () => parseRunPayload({ bucket: '', world_size: 0, batch_size: 'abc' });
    expect(parse).toThrow(InvalidInputError);
    expect(parse).toThrow(/3 problems/);
  });
});
