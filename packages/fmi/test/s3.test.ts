import { startMoto, whyNoMoto } from '../../../test/moto-server.ts';
import { fewLengths, MIB, outerRoots, wholeContract, describeFailures } from '../src/conformance.ts';
import { ALL_PROGRAMS, conformance, isFull } from './support/contract.ts';
import { randomPrograms } from './support/random-programs.ts';
import { motoWorld } from './support/worlds.ts';

const name = 'store channel on s3://';
const reason = whyNoMoto();

if (reason === undefined) {
  const moto = await startMoto();
  afterAll(() => moto.stop());
  process.env.AWS_ENDPOINT_URL = moto.url;
  process.env.AWS_REGION = 'us-east-1';
  process.env.AWS_ACCESS_KEY_ID = 'test';
  process.env.AWS_SECRET_ACCESS_KEY = 'test';
  await moto.createBucket('messages');
  const world = motoWorld('s3://messages');

  // moto holds each answer in memory, several times over.
  const affordable = wholeContract.map((extent) => ({ ...extent, mostGathered: 2 * 1024 * MIB }));
  conformance(name, world, isFull ? affordable : [{ worldSizes: [3], lengths: fewLengths, roots: outerRoots }]);
  randomPrograms(name, world, isFull ? [1, 2, 3, 5, 8, 9] : [3], isFull ? ALL_PROGRAMS : 5);
  // Signs of life come once a second on S3, so each of these takes as long as its deadline.
  if (isFull) describeFailures(name, world, { noticesCuts: false, deadlineMs: 12_000 });
} else {
  console.warn(`SKIPPED: the store channel on s3:// is not tested: ${reason}.`);
  it.skip(`${name}: ${reason}`, () => undefined);
}
