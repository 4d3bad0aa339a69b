import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { openStore } from '../src/index.ts';
import { describeStore } from '../src/conformance.ts';
import { startMoto, whyNoMoto, type MotoServer } from '../../../test/moto-server.ts';

const reason = whyNoMoto();

if (reason === undefined) {
  let moto: MotoServer;
  let count = 0;

  beforeAll(async () => {
    moto = await startMoto();
    process.env.AWS_ENDPOINT_URL = moto.url;
    process.env.AWS_REGION = 'us-east-1';
    process.env.AWS_ACCESS_KEY_ID = 'test';
    process.env.AWS_SECRET_ACCESS_KEY = 'test';
  });
  afterAll(async () => {
    await moto.stop();
  });

  describeStore('s3:// on moto', {
    fresh: async () => {
      const bucket = `bucket-${count++}`;
      await new S3Client({ forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: bucket }));
      return openStore(`s3://${bucket}`);
    },
    missing: async () => openStore('s3://no-such-bucket'),
  });
} else {
  console.warn(`s3:// is not tested: ${reason}`);
  it.skip(`s3:// as an object store: ${reason}`, () => undefined);
}
