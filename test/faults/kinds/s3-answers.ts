import { whyNoMoto } from '../../moto-server.ts';
import type { Bench } from '../bench.ts';
import { checkSame, goOn } from '../go-on.ts';
import { checkEnd } from '../invariants.ts';
import type { S3Site } from '../s3-bench.ts';
import { between, kindOf, oneOf, type Kind, type Outcome } from '../schedule.ts';
import type { S3Operation } from '../s3-proxy/request.ts';
import { S3_FAULTS, type S3Fault } from '../s3-proxy/rules.ts';

/** A part of a run by what it asks S3 for. */
interface Part {
  readonly name: string;
  readonly operations: readonly S3Operation[];
  /** Of a regular expression. */
  readonly key: string;
}

const LEASE = 'results/publishing.json';
const RUN = '^results/runs/[^/]+/';
const PARTS: readonly Part[] = [
  { name: 'looking for partitions', operations: ['list'], key: '^parts/' },
  { name: 'reading partitions', operations: ['get', 'head'], key: '^parts/' },
  { name: 'writing the plan', operations: ['put'], key: `${RUN}(run|manifest)\\.json$` },
  { name: 'reading the plan', operations: ['get', 'head'], key: `${RUN}(run|manifest)\\.json$` },
  {
    name: 'writing of ranks',
    operations: ['put'],
    key: `${RUN}(predictions/|hashes/|names/|reductions/|\\d+\\.json$)`,
  },
  {
    name: 'reading of ranks',
    operations: ['get', 'head'],
    key: `${RUN}(predictions/|hashes/|names/|reductions/|\\d+\\.json$)`,
  },
  { name: 'lists of the Map', operations: ['get', 'put', 'list'], key: `${RUN}map/` },
  { name: 'writing what is combined', operations: ['put'], key: `${RUN}(combined_data|summary|proof)\\.json$` },
  { name: 'the lease', operations: ['get', 'head', 'put', 'delete'], key: '^results/publishing\\.json$' },
  { name: 'publishing', operations: ['put', 'list', 'get', 'head'], key: '^results/[^/]*$' },
  { name: 'anything', operations: ['get', 'head', 'put', 'list', 'delete'], key: '' },
];

/** Times of what goes on until somebody ends it. */
const ENDLESS = 0;

/** What S3 does to a run: to which of its requests, and how often. */
interface BadAnswers {
  readonly fault: S3Fault;
  readonly part: string;
  readonly operations: readonly S3Operation[];
  readonly key: string;
  readonly chance: number;
  readonly first: number;
  readonly times: number;
  readonly delayMs?: number;
  readonly seed: number;
}

function answersKind(name: string, what: string, faults: readonly S3Fault[]): Kind {
  return kindOf<BadAnswers>({
    name,
    over: 's3',
    what,
    whyNot: whyNoMoto,
    draw: (random, index) => {
      const fault = faults[index % faults.length]!;
      const possible: readonly S3Operation[] = S3_FAULTS[fault];
      const part = oneOf(
        random,
        PARTS.filter(({ operations }) => operations.some((operation) => possible.includes(operation))),
      );
      const isAny = part.name === 'anything';
      // The SDK tries three times, a rank four: one time is mended where it happens, and what has no end ends the run.
      const times = isAny ? ENDLESS : oneOf(random, [1, 2, 3, 6, ENDLESS]);
      return {
        fault,
        part: part.name,
        operations: part.operations.filter((operation) => possible.includes(operation)),
        key: part.key,
        chance: isAny ? oneOf(random, [0.05, 0.2, 0.5]) : 1,
        first: isAny ? 1 : oneOf(random, [1, 1, 2]),
        times,
        // Where all requests are slow a run is slow enough without.
        ...(fault === 'very slow' && {
          delayMs: times === ENDLESS ? between(random, 100, 1000) : between(random, 1000, 6000),
        }),
        seed: between(random, 0, 2 ** 31),
      };
    },
    play,
  });
}

export const s3AnswerKinds: readonly Kind[] = [
  answersKind('s3-error', 'S3 answers 500, 503 SlowDown, an error in a 200, nothing in a 200, or after seconds', [
    'error 500',
    'slow down',
    'error in 200',
    'empty answer',
    'very slow',
  ]),
  answersKind(
    's3-break',
    'connections break, before or after S3 did its part; answers end early or name a wrong length',
    ['reset', 'answer lost', 'reset in the body', 'cut off', 'shorter', 'wrong length'],
  ),
  answersKind('s3-flip', 'a bit of what is read or sent is another', ['bit flip read', 'bit flip sent']),
  answersKind('s3-stale', 'S3 answers as if the last write had not been: objects, listings', [
    'stale object',
    'stale listing',
  ]),
];

async function play({ key, times, delayMs, seed, ...rule }: BadAnswers, bench: Bench): Promise<Outcome> {
  const s3 = await bench.s3();
  const site = await s3.site(seed);
  try {
    const truth = await bench.truthAt(site);
    site.proxy.inject({
      ...rule,
      key: new RegExp(key),
      ...(times !== ENDLESS && { times }),
      ...(delayMs !== undefined && { delayMs }),
    });
    const end = await site.run(site.runArgs());
    const met = site.proxy.injections.length > 0;
    site.proxy.inject();
    const { ended, problems } = await goOn(site, end);
    const left = await checkSame(site, truth, await s3.undisturbed());
    const wrong = [...problems, ...left.filter((problem) => !isUnseenLease(problem, site))];
    if (wrong.length === 0 || !(await isLateListingFound(site))) return { met, ended, problems: wrong };
    const again = checkEnd(await site.run(site.runArgs()));
    return { met, ended: 'resumed', problems: [...again, ...(await checkSame(site, truth, await s3.undisturbed()))] };
  } finally {
    await site.close();
  }
}

/** A lease that its own holder can't see any more stays until it expires: nobody may delete what may be another's. */
function isUnseenLease(problem: string, { proxy }: S3Site): boolean {
  const unseen = proxy.injections.some(({ fault, key }) => fault === 'stale object' && key === LEASE);
  return unseen && problem === `${LEASE} was left behind`;
}

/** Of what a bucket doesn't list a plan knows nothing. S3 lists all that was written; where another store is late, `verify` must find it. */
async function isLateListingFound(site: S3Site): Promise<boolean> {
  const { stdout } = await site.run(['verify', site.resultsAddress()]);
  return (
    site.proxy.injections.some(({ fault, key }) => fault === 'stale listing' && key === 'parts/') &&
    /^ {2}parts\/\d\.pt lay there when the run was planned/m.test(stdout)
  );
}
