import { bucketAddress } from '../bucket-address.ts';
import type { StoreScheme } from '../scheme.ts';
import { s3Store } from './s3-store.ts';

const START = 's3://';

/** `s3://bucket/key`. */
export const s3Scheme: StoreScheme = {
  name: 's3',
  examples: { object: 's3://bucket/key', store: 's3://bucket', base: '"s3://"' },
  isRemote: true,
  parse: (address) => bucketAddress('s3', address),
  open(address, access) {
    const found = bucketAddress('s3', address);
    return found?.key === '' ? s3Store(found.store.slice(START.length), access) : undefined;
  },
  within: (base, bucket) => (base === START ? `${START}${bucket}` : undefined),
};
