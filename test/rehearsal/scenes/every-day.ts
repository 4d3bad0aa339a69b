/** A stage from its deployment to its removal, as docs/deploy.md and docs/cli.md tell it. */
import { give, partitionsAt } from '../../docs/given.ts';
import { whyNoTool } from '../../docs/tools.ts';
import { expectThat, type Rehearsal } from '../rehearsal.ts';
import { costCounts, onlyFailed, run, STAGE, RANK } from '../runs.ts';
import type { Scene } from './index.ts';

const DEPLOY = 'docs/deploy.md';
const CLI = 'docs/cli.md';
const FIRST = 'docs/first-account.md';
const EXECUTION = '20261121T081308Z-1a2b3c4d';
const RUN = '20261121T081308Z-c4ae6664';

/** What the deployment says to begin with. */
let start: string;
let newest: string;

async function deploys(rehearsal: Rehearsal): Promise<void> {
  // For all scenes, which may be played by themselves.
  await give('partitions', rehearsal.user.folder);
  await rehearsal.aws.describe(STAGE);
  const { stdout } = await rehearsal.typedFrom(DEPLOY, 'pnpm cosmicai deploy dev');
  const [, printed] = /^ {2}(cosmicai run .*)$/m.exec(stdout) ?? [];
  expectThat(printed !== undefined, `No command to start a run was printed:\n${stdout}`);
  start = printed;
  for (const service of ['', 'init-', 'inference-', 'summarize-']) rehearsal.showed(stackRow(service));
}

function stackRow(service: string): string {
  return `what-is-deployed/cosmicai-${service}${service === '' ? 'stage' : ''}`.replace(/-$/, '');
}

async function runs(rehearsal: Rehearsal): Promise<void> {
  const copy = 'aws s3 cp --recursive partitions/ s3://cosmicai-dev-123456789012-us-east-1/datasets/small/';
  if (whyNoTool(copy) === undefined) await rehearsal.typedFrom(DEPLOY, copy);
  else await partitionsAt(rehearsal.storeOf(STAGE), 'datasets/small');
  await rehearsal.typedFrom(
    FIRST,
    'cosmicai run --target aws --stage dev s3://cosmicai-dev-123456789012-us-east-1/configs/payload.json --max-cost 0.05',
  );
  expectThat(start.endsWith('s3://cosmicai-dev-123456789012-us-east-1/configs/payload.json'), start);
  const list = JSON.parse((await rehearsal.typed('cosmicai status --target aws --stage dev --json')).stdout) as {
    execution: string;
    status: string;
  }[];
  expectThat(list.length === 1 && list[0]?.status === 'SUCCEEDED', () => `Executions: ${JSON.stringify(list)}`);
  newest = list[0].execution;

  // The same galaxies on this machine, where there is no stage, have the same answers.
  const command = 'cosmicai run --target aws --stage dev --data ./partitions --world-size 16';
  await rehearsal.typedFrom(CLI, command, { '16': '2' });
  const there = await run(rehearsal, 'results/rehearsed');
  expectThat(there.json.summary?.status === 'SUCCEEDED', () => JSON.stringify(there.json));
  const { stdout } = await rehearsal.typed('cosmicai run --data partitions --world-size 2 --json');
  const here = JSON.parse(stdout) as typeof there.json;
  const scores = [there, { json: here }].map(({ json }) => JSON.stringify(json.summary?.prediction_scores));
  expectThat(scores[0] === scores[1], () => `The stage predicts otherwise than this machine: ${scores.join(' ')}`);
  await costCounts(rehearsal, there);
}

async function looks(rehearsal: Rehearsal): Promise<void> {
  await rehearsal.typedFrom(CLI, 'cosmicai doctor --target aws --stage dev');
  const id = { [EXECUTION]: newest };
  await rehearsal.typedFrom(CLI, 'cosmicai status --target aws --stage dev');
  const one = await rehearsal.typedFrom(CLI, `cosmicai status --target aws --stage dev ${EXECUTION}`, id);
  expectThat(one.stdout.includes('Initialize → FmiEnabled → Infer → Summarize → RunSucceeded → Done'), one.stdout);
  await rehearsal.typedFrom(CLI, `cosmicai logs --stage dev ${EXECUTION} --function inference --filter ERROR`, id);
  const all = await rehearsal.typed(`cosmicai logs --stage dev ${newest} --function inference --json`);
  const lines = JSON.parse(all.stdout) as { message: string }[];
  const begun = lines.filter(({ message }) => message.includes('"rank begins"')).length;
  const reports = lines.filter(({ message }) => message.startsWith('REPORT ')).length;
  expectThat(begun >= 2 && reports === begun, `${begun} ranks began, ${reports} were reported.`);
}

async function stops(rehearsal: Rehearsal): Promise<void> {
  const held = Promise.withResolvers<undefined>();
  let reached = false;
  rehearsal.steering.before = async ({ functionName, payload }) => {
    if (functionName !== RANK || (JSON.parse(payload) as { RANK?: string }).RANK !== '1') return undefined;
    reached = true;
    await held.promise;
    // What was under way when it was stopped comes to nothing.
    return { status: 500, error: 'ServiceException', message: 'too late' };
  };
  const command = 'cosmicai run --target aws --stage dev --data partitions --world-size 2 --results results/stopped';
  const under = rehearsal.begun(command);
  const early = under.ended.then((end) => Promise.reject(new Error(`It ended by itself: ${end.stderr}`)));
  early.catch(() => undefined);
  try {
    await Promise.race([early, rehearsal.until('rank 1 was called', () => reached)]);
    await rehearsal.until('rank 0 is done', async () => {
      for await (const { key } of rehearsal.storeOf(STAGE).list('results/stopped/runs/'))
        if (key.endsWith('/0.json')) return true;
      return false;
    });
    const list = JSON.parse((await rehearsal.typed('cosmicai status --target aws --stage dev --json')).stdout) as {
      execution: string;
      status: string;
    }[];
    const running = list.find(({ status }) => status === 'RUNNING')?.execution;
    expectThat(running !== undefined, () => `None is under way: ${JSON.stringify(list)}`);
    await rehearsal.typedFrom(CLI, `cosmicai stop --stage dev ${EXECUTION}`, { [EXECUTION]: running });
    const end = await under.ended;
    expectThat(end.code === 130, () => `The stopped run ended with ${String(end.code)}: ${end.stderr}`);
    rehearsal.undisturbed();
    held.resolve(undefined);
    const seen = { json: { status: '', summary: null }, stderr: '', execution: running, attempts: [], reports: [] };
    const again = await onlyFailed(rehearsal, seen);
    expectThat(again.attempts.length <= 2, () => `Ranks that were done ran again: ${again.attempts.length} attempts`);
  } finally {
    rehearsal.undisturbed();
    held.resolve(undefined);
  }
}

/** As those who know the framework type it, whose commands know nothing of ours; and one rank without AWS. */
async function isDeployedBySls(rehearsal: Rehearsal): Promise<void> {
  for (const folder of ['services/init', 'services/inference', 'services/summarize', '.'])
    await rehearsal.typed(`pnpm -C ${folder} sls deploy --stage ${STAGE}`);
  const seen = await run(rehearsal, 'results/by-sls');
  expectThat(seen.json.summary?.status === 'SUCCEEDED', () => JSON.stringify(seen.json));
  const local = 'pnpm -C services/inference sls invoke local -f inference -p events/rank.json';
  const { stdout } = await rehearsal.typedFrom(DEPLOY, local);
  expectThat(/"status": ?"SUCCEEDED"|"samples": ?[1-9]/.test(stdout), stdout);
}

async function isMisspelt(rehearsal: Rehearsal): Promise<void> {
  await rehearsal.aws.describe('typo', { inference: { memroy: 3008 } });
  const { stderr } = await rehearsal.typed('pnpm cosmicai deploy typo', 2);
  expectThat(stderr.includes('unknown option "inference.memroy"'), stderr);
  rehearsal.showed('when-it-doesn-t-work/unknown-option');
}

async function verifies(rehearsal: Rehearsal): Promise<void> {
  const folder = `s3://${rehearsal.bucketOf(STAGE)}/results/first-run`;
  const [id = ''] = await runIdsOf(rehearsal, 'results/first-run');
  const known = '20261121T081308Z-c4ae6664';
  await rehearsal.typedFrom(CLI, `cosmicai verify ${folder}/runs/${known}`, { [known]: id });
  await rehearsal.typedFrom('docs/provable-runs.md', `cosmicai verify ${folder} --json`);
  await rehearsal.typedFrom(FIRST, `cosmicai report ${folder} -o first-account.html`);
  await rehearsal.typedFrom(FIRST, `cosmicai report ${folder} --json > first-account.json`);
  const figures = await rehearsal.file('first-account.json');
  expectThat(figures.includes(`"${id}"`) && figures.includes('"reconciliation"'), figures);
}

async function runIdsOf(rehearsal: Rehearsal, results: string): Promise<string[]> {
  const ids = new Set<string>();
  for await (const { key } of rehearsal.storeOf(STAGE).list(`${results}/runs/`)) ids.add(key.split('/').at(3) ?? '');
  return [...ids];
}

async function meets(rehearsal: Rehearsal): Promise<void> {
  const server = `--rendezvous 127.0.0.1:${rehearsal.rendezvous.port}`;
  const { stdout } = await rehearsal.typedFrom(CLI, 'cosmicai fmi ping --target aws --stage dev', {
    'stage dev': `stage dev ${server}`,
  });
  for (const step of ['invoke', 'key', 'resolve', 'connect', 'authenticate', 'pairing', 'punching', 'handshake'])
    if (new RegExp(`^${step} +ok`, 'm').test(stdout)) rehearsal.showed(`the-rendezvous-server/${step}`);
  for (const step of ['measure', 'collectives']) {
    expectThat(new RegExp(`^${step} +ok`, 'm').test(stdout), stdout);
    rehearsal.showed(`the-rendezvous-server/${step}`);
  }
}

async function sweeps(rehearsal: Rehearsal): Promise<void> {
  const less = '--world-sizes 2 --batch-sizes 32 --repeat 1';
  await rehearsal.typedFrom(
    CLI,
    'cosmicai bench --target aws --stage dev --data-sizes small,large --world-sizes 16,64 --out bench-aws',
    { 'small,large': 'small', '--world-sizes 16,64': less },
  );
  const { runs: rows } = JSON.parse(await rehearsal.file('bench-aws/bench.json')) as { runs: { status: string }[] };
  expectThat(rows.length === 1 && rows[0]?.status === 'SUCCEEDED', () => JSON.stringify(rows));
}

async function cleans(rehearsal: Rehearsal): Promise<void> {
  const store = rehearsal.storeOf(STAGE);
  const [id = ''] = await runIdsOf(rehearsal, 'results/first-run');
  const typed = `cosmicai clean --target aws --stage dev results/first-run ${RUN} --yes`;
  await rehearsal.typedFrom(CLI, typed, { [RUN]: id });
  for await (const { key } of store.list(`results/first-run/runs/${id}/`)) throw new Error(`${key} is there yet.`);
}

async function removes(rehearsal: Rehearsal): Promise<void> {
  await rehearsal.keepRoles(STAGE);
  const { stdout } = await rehearsal.typedFrom(DEPLOY, 'pnpm cosmicai remove dev', {
    'remove dev': 'remove dev --yes',
  });
  expectThat(/^Removed stage dev and s3:\/\/\S+ with \d+ object versions\.$/m.test(stdout), stdout);
  const left = await rehearsal
    .storeOf(STAGE)
    .head('configs/payload.json')
    .then(
      () => true,
      () => false,
    );
  expectThat(!left, 'The bucket is there yet.');
}

export const EVERY_DAY: readonly Scene[] = [
  { name: 'a stage is deployed', quick: true, play: deploys },
  { name: 'it runs what its deployment says', quick: true, play: runs },
  { name: 'one looks at its runs and logs', quick: true, play: looks },
  { name: 'a run is verified', quick: true, play: verifies },
  { name: 'a run is stopped, and goes on', quick: true, play: stops },
  { name: 'an option is misspelt', quick: true, play: isMisspelt },
  { name: 'its stacks are deployed one by one', quick: false, play: isDeployedBySls },
  { name: 'functions meet', quick: true, play: meets },
  { name: 'a sweep', quick: true, play: sweeps },
  { name: 'a run is deleted', quick: true, play: cleans },
];

export const REMOVAL: readonly Scene[] = [{ name: 'the stage is removed', quick: true, play: removes }];
