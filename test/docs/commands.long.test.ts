/*
 * Types the commands of all pages as their readers do, block after block in an empty folder for each page, and compares what they
 * print with what the pages show. Marks in the pages' comments say what a block needs (blocks.ts).
 */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { startStandIn, whyNoStandIn, type StandIn } from '../../packages/aws-standin/src/index.ts';
import { startRendezvous, type RendezvousServer } from '../../packages/rendezvous/src/index.ts';
import { openStore, type ObjectStore } from '../../packages/store/src/index.ts';
import { oneDeployment } from '../one-deployment.ts';
import type { Block } from './blocks.ts';
import { commandFor, cosmicaiArgs, root, takes, whyNotThere, whyRefused } from './commands.ts';
import { give, partitionsAt, removeGiven, whyNotGiven } from './given.ts';
import { pages } from './pages.ts';
import { differenceInShape } from './shape.ts';
import { whyNoTool } from './tools.ts';
import { User, type Ended } from './user.ts';

const SECRET = 'what-functions-and-their-rendezvous-server-share';

const noStandIn = whyNoStandIn();
const blocks = [...pages().values()].flatMap((page) => page.blocks);
const users = new Map([...new Set(blocks.map(({ page }) => page))].map((page) => [page, new User()]));
const ran: string[] = [];
const notRun: string[] = [];

let aws: StandIn | undefined;
/** The stand-in has no containers, so the stage's server runs beside it. */
let rendezvous: RendezvousServer | undefined;
/** While set, functions on the stage wait for it. */
let held: Promise<unknown> | undefined;

beforeAll(async () => {
  if (noStandIn !== undefined) return;
  rendezvous = await startRendezvous({ secrets: [SECRET], host: '127.0.0.1', port: 0, healthPort: 0 });
  aws = await startStandIn({
    functionEnvironment: { COSMICAI_RENDEZVOUS_SECRETS: SECRET },
    intercept: async ({ payload }) => {
      await held;
      return payload;
    },
  });
  await aws.describe('dev');
  Object.assign(process.env, aws.env);
});
afterAll(async () => {
  await aws?.close();
  await rendezvous?.close(0);
  await removeGiven();
  for (const user of users.values()) user.leave();
  User.leaveAll();
  console.info(`${ran.length} of ${ran.length + notRun.length} commands run, the others read:\n${notRun.join('\n')}`);
});

describe('a stage is deployed', () => typed(blocks.filter(({ mark }) => mark.standIn === 'first')));
for (const page of users.keys())
  describe(page, () =>
    typed(
      blocks.filter(
        (block) => block.page === page && (block.mark.standIn === undefined || block.mark.standIn === 'in order'),
      ),
    ),
  );
describe('the stage is removed', () => typed(blocks.filter(({ mark }) => mark.standIn === 'last')));

/** A test for each block: what it does is there for the next. */
function typed(blocksInOrder: readonly Block[]): void {
  for (const block of blocksInOrder) {
    const { page, line, commands, mark } = block;
    it(`${page}:${line}: ${commands.join('; ')}`, async () => {
      const user = users.get(page)!;
      if (mark.standIn === undefined || noStandIn === undefined)
        for (const name of mark.given) if (whyNotGiven(name) === undefined) await give(name, user.folder);
      const outputs: string[] = [];
      const unused = new Set(mark.options.map(([name]) => name));
      const before = notRun.length;
      for (const command of commands) {
        const refused = await whyNotTyped(command);
        if (refused !== undefined) throw new Error(`${page}:${line}: ${command}\n${refused}`);
        const reason = whyNotRun(command, block);
        if (reason !== undefined) {
          notRun.push(`${page}:${line}: ${command} (${reason})`);
          continue;
        }
        const { text, used } = await withOptions(command, mark.options);
        for (const name of used) unused.delete(name);
        const stopped = cosmicaiArgs(command)?.[0] === 'stop' ? await hangingRun(user, block) : undefined;
        const end = await type(await withIds(text, user), block, user);
        await stopped?.(end.code !== 0);
        if (end.code !== mark.exits)
          throw new Error(`${page}:${line}: ${command}\nexit code ${String(end.code)}\n${end.stderr}\n${end.stdout}`);
        await readPrinted(end, user);
        outputs.push(end.stdout);
        ran.push(command);
      }
      if (outputs.length === 0) return;
      if (notRun.length === before) expect([...unused]).toEqual([]);
      if (block.output === undefined) return;
      const differences = outputs.map((printed) =>
        differenceInShape(block.output!, printed, { folder: user.folder, root }),
      );
      if (!differences.includes(undefined)) throw new Error(`${page}:${line}:\n${differences.join('\n')}`);
    }, 600_000);
  }
}

/** The bucket of the stage that the pages deploy. */
function openStage(): ObjectStore {
  return openStore(`s3://cosmicai-dev-${aws!.account}-${aws!.region}`);
}

/** Why nobody could type this. */
async function whyNotTyped(command: string): Promise<string | undefined> {
  if (/<\w[^>]*>/.test(command)) return 'a shell takes <…> for files';
  const args = cosmicaiArgs(command);
  return args === undefined ? whyNotThere(command) : await whyRefused(args);
}

function whyNotRun(command: string, { mark }: Block): string | undefined {
  if (mark.by !== undefined) return `${mark.by} runs it`;
  const noTool = whyNoTool(command) ?? mark.given.map(whyNotGiven).find((reason) => reason !== undefined);
  return noTool ?? (mark.standIn === undefined ? undefined : noStandIn);
}

/** The line with the mark's options in place of its own, where its command knows them. */
async function withOptions(
  command: string,
  options: readonly (readonly string[])[],
): Promise<{ readonly text: string; readonly used: readonly string[] }> {
  const args = cosmicaiArgs(command);
  // Of a server whose options are its own all are taken for known.
  const known = args === undefined || args[0] === 'rendezvous' ? undefined : await commandFor(args);
  const used: string[] = [];
  let text = command;
  for (const [name = '', ...values] of options) {
    const option = known?.options.find(({ long }) => long === name);
    if (known === undefined ? args === undefined && !takes(command, name) : option === undefined) continue;
    used.push(name);
    const own = [name, option?.short].filter((flag) => flag !== undefined).join('|');
    const present = new RegExp(String.raw`(^| )(${own})(?= |$)( [^-]\S*)?`).exec(text);
    const wanted = [name, ...values].join(' ').replace(':SERVER', `:${rendezvous?.port ?? 0}`);
    if (present !== null) text = text.replace(present[0], `${present[1]!}${wanted}`);
    else if (/^npm (start|test)$/.test(text)) text = `${text} -- ${wanted}`;
    else text = text.replace(/(?=$| [|>;])/, ` ${wanted}`);
  }
  return { text, used };
}

const ID = /\d{8}T\d{6}Z-[0-9a-f]{4,8}\b/g;

/** Ids of the pages stand for the newest run or execution; `/data` and `/home/me` for the folder. */
async function withIds(command: string, user: User): Promise<string> {
  const text = command.replaceAll(
    /(?<=[ /=])\/(data|home\/me)\//g,
    (_, name: string) => `${user.folder}/${name === 'data' ? 'data/' : ''}`,
  );
  const [, before = '', id] = new RegExp(`(\\S*?)(${ID.source})`).exec(text) ?? [];
  if (id === undefined) return text;
  const newest = /s3:|clean --target aws/.test(text)
    ? await newestOnStage(text)
    : text.includes('--stage')
      ? user.newest('cosmicai/executions')
      : user.newest(before.includes('executions') ? before : 'results/runs');
  if (newest === undefined) throw new Error(`There is nothing for ${id} in "${command}".`);
  return text.replaceAll(ID, newest);
}

async function newestOnStage(command: string): Promise<string | undefined> {
  const [, results = ''] = /(results\S*?)(?:\/runs| )/.exec(command) ?? [];
  const found = new Set<string>();
  for await (const { key } of openStage().list(`${results}/runs/`))
    found.add(key.slice(results.length + '/runs/'.length).split('/')[0]!);
  return [...found].sort().at(-1);
}

async function type(line: string, { mark }: Block, user: User): Promise<Ended> {
  const work = () => user.type(line, mark.standIn === undefined ? {} : aws!.env, mark.until);
  // The framework packs every stage in the folders of this repository.
  return /cosmicai (deploy|remove) /.test(line) ? await oneDeployment(work) : await work();
}

/** Commands that were printed could be typed. What a deployment tells to do is done. */
async function readPrinted({ stdout, stderr }: Ended, user: User): Promise<void> {
  for (const [, command = ''] of `${stdout}\n${stderr}`.matchAll(/(?:^ {2}|: )(cosmicai [^()\n]*[^().\s])$/gm)) {
    const args = cosmicaiArgs(command)!;
    const refused = await whyRefused(args);
    if (refused !== undefined) throw new Error(`${command} was printed, but\n${refused}`);
    if (!stdout.startsWith('Deployed.') || args[0] !== 'run') continue;
    await partitionsAt(openStage(), 'datasets/small');
    expect(await user.type(command, aws!.env)).toMatchObject({ code: 0 });
  }
}

/**
 * Starts a run that comes to nothing until it is stopped: it asks a bucket that doesn't answer, or a function that waits.
 *
 * @returns what awaits its end, and lets whatever waits go on
 */
async function hangingRun(user: User, { mark }: Block): Promise<(failed: boolean) => Promise<void>> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const silent = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
  };
  const { promise, resolve } = Promise.withResolvers<undefined>();
  held = promise;
  const run =
    mark.standIn === undefined
      ? user.start('cosmicai run --data s3://galaxies/100MB', silent)
      : user.start(
          'cosmicai run --target aws --stage dev s3://cosmicai-dev-123456789012-us-east-1/configs/payload.json',
          aws!.env,
        );
  const state = { over: false };
  void run.ended.then(() => (state.over = true));
  // It is at work, and so can be stopped, when it says what it begins with.
  while (!run.printed().includes('Initialize')) {
    if (state.over) throw new Error(`The run to be stopped ended by itself: ${(await run.ended).stderr}`);
    await setTimeout(100);
  }
  return async (failed) => {
    held = undefined;
    resolve(undefined);
    // Where stopping it has failed.
    if (failed) run.stop();
    await run.ended;
    server.close();
  };
}
