import { InvalidAddressError, openStore, parseAddress } from '../src/index.ts';

describe('the address of an object', () => {
  it.each([
    ['s3://bucket/a/b.pt', 's3://bucket', 'a/b.pt'],
    ['s3://bucket/100%25 a+b/', 's3://bucket', '100%25 a+b/'],
    ['s3://bucket//a', 's3://bucket', '/a'],
    ['s3://bucket', 's3://bucket', ''],
    ['s3://bucket/', 's3://bucket', ''],
    ['file:///models/m.onnx', 'file:///models', 'm.onnx'],
    ['file:///a%20b/m%25.onnx', 'file:///a%20b', 'm%.onnx'],
    ['file:///models/', 'file:///models', ''],
  ])('%s lies in %s as "%s"', (address, store, key) => {
    expect(parseAddress(address)).toEqual({ store, key });
    expect(openStore(store).url).toBe(store);
  });

  it.each(['', 'bucket/key', 's3://', 's3:///key', 's3://-b/key', 'https://x/y', 'file://host/x', 'file:///a%2Fb'])(
    'refuses "%s"',
    (address) => {
      expect(() => parseAddress(address)).toThrow(InvalidAddressError);
    },
  );
});

describe('opening a store', () => {
  it.each([
    ['s3://data', 's3://', 's3://data'],
    ['s3://data/', 'file:///root', 's3://data'],
    ['data', 's3://', 's3://data'],
    ['data', 'file:///some/root', 'file:///some/root/data'],
    ['data', 'file:///some/root/', 'file:///some/root/data'],
    ['file:///x y', 's3://', 'file:///x%20y'],
  ])('%s below %s is %s', (address, base, url) => {
    expect(openStore(address, { base }).url).toBe(url);
  });

  it('opens no folder of a function on AWS, unless whoever deployed it says where bare names lie', () => {
    process.env.AWS_LAMBDA_RUNTIME_API = '169.254.100.1:9001';
    try {
      expect(() => openStore('file:///proc/self')).toThrow(InvalidAddressError);
      expect(() => openStore('file:///proc/self')).toThrow(/Name a bucket or an s3:\/\/ address/);
      expect(openStore('s3://data').url).toBe('s3://data');
      expect(openStore('data', { base: 'file:///mnt/shared' }).url).toBe('file:///mnt/shared/data');
    } finally {
      delete process.env.AWS_LAMBDA_RUNTIME_API;
    }
  });

  it('takes the base from COSMICAI_STORE', () => {
    process.env.COSMICAI_STORE = 'file:///from/environment';
    try {
      expect(openStore('data').url).toBe('file:///from/environment/data');
    } finally {
      delete process.env.COSMICAI_STORE;
    }
    expect(openStore('data').url).toBe('s3://data');
  });

  it.each(['', '..', '../data', 'a/b', 's3://data/key', 'gs://data', 'd'])('refuses "%s" as a store', (address) => {
    expect(() => openStore(address, { base: 'file:///root' })).toThrow(InvalidAddressError);
  });

  it.each(['', 'root', '/root', 's3://bucket', 'http://x'])('refuses "%s" as a base', (base) => {
    expect(() => openStore('data', { base })).toThrow(InvalidAddressError);
  });
});
