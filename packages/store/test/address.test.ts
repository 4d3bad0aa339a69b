import { addressWithin, InvalidAddressError, openStore, parseAddress, readableAddress } from '../src/index.ts';

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

  it('may have a key of several lines', () => {
    expect(parseAddress('s3://bucket/a\nb')).toEqual({ store: 's3://bucket', key: 'a\nb' });
  });

  it('that is none is quoted, with what is expected', () => {
    expect(() => parseAddress('bucket/key')).toThrow(
      new InvalidAddressError('"bucket/key" is not an address: expected s3://bucket/key or file:///folder/name.'),
    );
    const refusal = refusalOf(() => parseAddress('file:///a%2Fb'));
    expect(refusal.message).toMatch(
      /^"file:\/\/\/a%2Fb" is not an address of a local file: .*encoded \/ characters\.$/,
    );
    expect(refusal.cause).toMatchObject({ code: 'ERR_INVALID_FILE_URL_PATH' });
  });

  it('is whole, or a key within a bucket', () => {
    expect(addressWithin('s3://data', 's3://models/m.onnx')).toEqual({ store: 's3://models', key: 'm.onnx' });
    expect(addressWithin('s3://data', 'file:///models/m.onnx')).toEqual({ store: 'file:///models', key: 'm.onnx' });
    expect(addressWithin('s3://data', 'models/m.onnx')).toEqual({ store: 's3://data', key: 'models/m.onnx' });
    expect(() => addressWithin('s3://data', 'https://x/y')).toThrow(InvalidAddressError);
  });

  it.each([
    ['file:///some%20folder/', undefined, '/some folder/'],
    ['file:///some%20folder', '', '/some folder'],
    ['file:///some%20folder/', 'a%20b/c', '/some folder/a%20b/c'],
    ['file:///some/folder', 'k', '/some/folder/k'],
    ['s3://data', 'k', 's3://data/k'],
    ['s3://data', undefined, 's3://data'],
    ['data', 'a/b', 'data/a/b'],
    // Not an address of a file: shown as it is, and refused by whoever opens it.
    ['file:///a%2Fb', 'k', 'file:///a%2Fb/k'],
  ])('of %s and %p reads %s', (address, key, readable) => {
    expect(readableAddress(address, key)).toBe(readable);
  });

  it.each([
    'xs3://bucket/key',
    `s3://${'b'.repeat(64)}/k`,
    's3://data!/k',
    '',
    'bucket/key',
    's3://',
    's3:///key',
    's3://-b/key',
    'https://x/y',
    'file://host/x',
    'file:///a%2Fb',
  ])('refuses "%s"', (address) => {
    expect(() => parseAddress(address)).toThrow(InvalidAddressError);
  });
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

  it.each(['', '..', '../data', 'a/b', 's3://data/key', 'xs3://data', 'gs://data', 'd', 'data!', 'd'.repeat(64)])(
    'refuses "%s" as a store',
    (address) => {
      expect(() => openStore(address, { base: 'file:///root' })).toThrow(InvalidAddressError);
    },
  );

  it.each(['', 'root', '/root', 's3://bucket', 'http://x'])('refuses "%s" as a base', (base) => {
    expect(() => openStore('data', { base })).toThrow(InvalidAddressError);
  });

  it('says what was expected instead', () => {
    expect(() => openStore('gs://data')).toThrow(
      new InvalidAddressError(
        '"gs://data" names no store: expected s3://bucket, file:///folder, or a bucket name (letters, digits, dots, hyphens; 2 to 63 characters).',
      ),
    );
    expect(() => openStore('data', { base: 'http://x' })).toThrow(
      new InvalidAddressError(
        '"http://x" is not a base for bucket names: expected "s3://" or file:///some/root (COSMICAI_STORE sets the default).',
      ),
    );
  });

  it('takes a base with any number of slashes at its end', () => {
    expect(openStore('data', { base: 'file:///some/root//' }).url).toBe('file:///some/root/data');
    expect(openStore('d'.repeat(63), { base: 's3://' }).url).toBe(`s3://${'d'.repeat(63)}`);
  });
});

function refusalOf(action: () => unknown): InvalidAddressError {
  try {
    action();
  } catch (error) {
    if (error instanceof InvalidAddressError) return error;
  }
  throw new Error('not refused');
}
