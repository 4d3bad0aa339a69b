/** What goes wrong on AWS. Each ends as documented, and what it cost counts what was tried in vain. */
import { setTimeout } from 'node:timers/promises';
import { expectThat, type Rehearsal } from '../rehearsal.ts';
import { costCounts, onlyFailed, RANK, run, type RunSeen } from '../runs.ts';
import type { Scene } from './index.ts';

const MEMORY = 3008;
const TIMEOUT = 900;

function rankOf(payload: string): string | undefined {
  return (JSON.parse(payload) as { RANK?: string }).RANK;
}

function errorsOf({ attempts }: RunSeen): string[] {
  return attempts.filter((error) => error !== '');
}

async function killed(rehearsal: Rehearsal): Promise<void> {
  let kills = 0;
  rehearsal.steering.called = ({ functionName, payload }, pid) => {
    if (functionName === RANK && rankOf(payload) === '1' && ++kills === 1) process.kill(pid, 'SIGKILL');
  };
  const seen = await run(rehearsal, 'results/killed');
  expectThat(seen.json.summary?.status === 'SUCCEEDED', () => JSON.stringify(seen.json));
  expectThat(
    errorsOf(seen).join() === 'Runtime.ExitError' && seen.attempts.length === 3,
    () => `Attempts: ${seen.reports.join('')}`,
  );
  await costCounts(rehearsal, seen);
}

async function outOfMemory(rehearsal: Rehearsal): Promise<void> {
  await rehearsal.configure(RANK, { MemorySize: 128 });
  // In 8 bits a rank makes do with the least that Lambda gives.
  const seen = await run(rehearsal, 'results/memory', { options: '--precision fp32', exits: 1 });
  const errors = errorsOf(seen);
  expectThat(
    errors.length > 0 && errors.every((error) => error === 'Runtime.OutOfMemory'),
    () => `Attempts: ${seen.attempts.join()}`,
  );
  // It would repeat itself, so nobody tries it again.
  expectThat(seen.attempts.length <= 2, () => `${seen.attempts.length} attempts`);
  expectThat(/memory/i.test(seen.stderr), seen.stderr);
  await costCounts(rehearsal, seen);
  await rehearsal.configure(RANK, { MemorySize: MEMORY });
  await onlyFailed(rehearsal, seen);
  rehearsal.showed('when-it-doesn-t-work/runtime-outofmemory-runtime-exiterror');
}

/** Its process hangs: the Map fails with it, and goes on when the run is repeated. */
async function timedOut(rehearsal: Rehearsal): Promise<void> {
  await rehearsal.configure(RANK, { Timeout: 15 });
  rehearsal.steering.called = ({ functionName, payload }, pid) => {
    if (functionName === RANK && rankOf(payload) === '1') process.kill(pid, 'SIGSTOP');
  };
  const seen = await run(rehearsal, 'results/hung', { exits: 1 });
  expectThat(errorsOf(seen).join() === 'Sandbox.Timedout', () => `Attempts: ${seen.attempts.join()}`);
  expectThat(seen.stderr.includes('1 of 2 ranks failed'), seen.stderr);
  await costCounts(rehearsal, seen);
  rehearsal.undisturbed();
  await rehearsal.configure(RANK, { Timeout: TIMEOUT });
  const again = await onlyFailed(rehearsal, seen);
  expectThat(again.attempts.length === 1, () => `${again.attempts.length} ranks ran again, not the one that failed.`);
}

async function throttled(rehearsal: Rehearsal): Promise<void> {
  rehearsal.steering.concurrency = 1;
  const seen = await run(rehearsal, 'results/throttled');
  expectThat(seen.json.summary?.status === 'SUCCEEDED', () => JSON.stringify(seen.json));
  // What was refused never began, and costs nothing.
  expectThat(seen.attempts.length === 2, () => `Attempts: ${seen.attempts.join()}`);
  await costCounts(rehearsal, seen);
  rehearsal.showed('when-it-doesn-t-work/lambda-toomanyrequestsexception-throttles-on-the-dashboard');
}

/** Twelve ranks in an account of ten, which takes no more at once. */
async function newAccount(rehearsal: Rehearsal): Promise<void> {
  let refused = 0;
  let underWay = 0;
  rehearsal.steering.concurrency = Infinity;
  rehearsal.steering.before = async ({ functionName }) => {
    if (functionName !== RANK) return undefined;
    if (++underWay > 10) {
      underWay--;
      refused++;
      return { status: 429, error: 'TooManyRequestsException', message: 'Rate Exceeded.' };
    }
    await setTimeout(100);
    void setTimeout(3000).then(() => underWay--);
    return undefined;
  };
  const seen = await run(rehearsal, 'results/new-account', { options: '--world-size 12' });
  expectThat(seen.json.summary?.status === 'SUCCEEDED', () => JSON.stringify(seen.json));
  expectThat(refused > 0, 'Nothing was throttled.');
  await costCounts(rehearsal, seen);
}

/** A function in a VPC that nobody called for weeks wakes up by being called. */
async function inactive(rehearsal: Rehearsal): Promise<void> {
  const answers = ['ResourceNotReadyException', 'ENINotReadyException', 'ResourceConflictException'];
  rehearsal.steering.before = ({ functionName, payload }) => {
    if (functionName !== RANK || rankOf(payload) !== '0') return undefined;
    const error = answers.shift();
    return error === undefined ? undefined : { status: 502, error, message: 'The function is being connected.' };
  };
  const seen = await run(rehearsal, 'results/inactive');
  expectThat(seen.json.summary?.status === 'SUCCEEDED' && answers.length === 0, () => JSON.stringify(seen.json));
  expectThat(seen.attempts.length === 2, () => `Attempts: ${seen.attempts.join()}`);
  await costCounts(rehearsal, seen);
}

async function noModel(rehearsal: Rehearsal): Promise<void> {
  const model = `s3://${rehearsal.bucketOf('dev')}/models/none.onnx`;
  // Whoever plans the run looks for it, so it costs one call.
  const seen = await run(rehearsal, 'results/no-model', { options: `--model ${model}`, exits: 2 });
  expectThat(/There is no model .*none\.onnx/.test(seen.stderr), seen.stderr);
  expectThat(seen.attempts.length === 0, () => `Ranks began: ${seen.attempts.length}`);
  rehearsal.showed('when-it-doesn-t-work/there-is-no-model');
}

/** Nobody listens where ranks are to meet: none of them begins. */
async function noServer(rehearsal: Rehearsal): Promise<void> {
  const payload = { fmi_enabled: true, rendezvous_endpoint: '127.0.0.1:9', world_size: 2 };
  await rehearsal.storeOf('dev').put('configs/nowhere.json', JSON.stringify(payload));
  const from = `s3://${rehearsal.bucketOf('dev')}/configs/nowhere.json`;
  const seen = await run(rehearsal, 'results/nowhere', { options: from, exits: 1 });
  expectThat(/RendezvousFailed|rendezvous server/i.test(seen.stderr), seen.stderr);
  expectThat(seen.attempts.length === 0, () => `Ranks began: ${seen.attempts.length}`);
  rehearsal.showed('when-it-doesn-t-work/rendezvousfailed-rendezvousnotstartederror');
}

/** Functions that are warm keep no model but by what it is: another of that name is read again. */
async function modelReplaced(rehearsal: Rehearsal): Promise<void> {
  const { importCheckpoint, compileAstroMae } = await import('../../../packages/astromae/src/index.ts');
  const { fileStore } = await import('../../../packages/store/src/index.ts');
  const { storeSource } = await import('../../../packages/torchfile/src/index.ts');
  const { root } = await import('../../docs/commands.ts');
  const store = rehearsal.storeOf('dev');
  const golden = fileStore(`${root}/packages/astromae/test/golden`);
  const scores: string[] = [];
  for (const network of ['cells-k1-g48', 'cells-k3-g64-nobias']) {
    const trained = await importCheckpoint(await storeSource(golden, `${network}.pt`));
    await store.put('models/other.onnx', compileAstroMae(trained.config, trained.weights));
    const seen = await run(rehearsal, `results/model-${network}`, {
      options: `--model s3://${rehearsal.bucketOf('dev')}/models/other.onnx`,
    });
    expectThat(seen.json.summary?.status === 'SUCCEEDED', () => JSON.stringify(seen.json));
    scores.push(JSON.stringify(seen.json.summary.prediction_scores));
  }
  expectThat(scores[0] !== scores[1], 'A warm function predicted with the model that was there before.');
}

async function largeBatch(rehearsal: Rehearsal): Promise<void> {
  await rehearsal.configure(RANK, { MemorySize: 1769 });
  const data = 'cosmicai simulate --count 5000 --out large --seed 3';
  await rehearsal.typed(data);
  const seen = await run(rehearsal, 'results/large', { options: '--data large --batch-size 4096 --world-size 1' });
  expectThat(seen.json.summary?.samples === 5000, () => JSON.stringify(seen.json));
  await costCounts(rehearsal, seen);
  await rehearsal.configure(RANK, { MemorySize: MEMORY });
}

/** Whatever becomes of it, the next finds functions as they were. */
const scene = (name: string, quick: boolean, play: Scene['play']): Scene => ({
  name,
  quick,
  play: async (rehearsal) => {
    try {
      await play(rehearsal);
    } finally {
      rehearsal.undisturbed();
      await rehearsal.configure(RANK, { MemorySize: MEMORY, Timeout: TIMEOUT });
    }
  },
});

export const FAILURES: readonly Scene[] = [
  scene('a function is killed, and called again', true, killed),
  scene('ranks have too little memory', true, outOfMemory),
  scene('a rank hangs until its time-out, and the Map fails', true, timedOut),
  scene('one call at a time is allowed', false, throttled),
  scene('twelve ranks in an account of ten', false, newAccount),
  scene('a function in a VPC was idle for weeks', false, inactive),
  scene('a model is replaced while functions are warm', false, modelReplaced),
  scene('a model is not there', false, noModel),
  scene('no rendezvous server answers', false, noServer),
  scene('batches of 4,096 in 1,769 MB', false, largeBatch),
];
