/*
 * Types the commands of all pages as their readers do, block after block in an empty folder for each page, and compares what they
 * print with what the pages show. Marks in the pages' comments say what a block needs (blocks.ts).
 */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { startStandIn, whyNoStandIn, type StandIn } from '../../packages/aws-standin/src/index.ts';
import type { Block, Page } from './blocks.ts';
import { commandFor, cosmicaiArgs, root, takes, whyNotThere, whyRefused } from './commands.ts';
import { give, removeGiven, whyNotGiven } from './given.ts';
import { pages } from './pages.ts';
import { differenceInShape } from './shape.ts';
import { whyNoTool } from './tools.ts';
import { User, type Ended } from './user.ts';

const noStandIn = whyNoStandIn();
const typists = [...pages()]
  .filter(([, { blocks }]) => blocks.length > 0)
  .map(([page, { blocks, files }]) => ({ page, blocks, user: userOf(files) }));
const ran: string[] = [];
const notRun: string[] = [];

let aws: StandIn | undefined;

beforeAll(async () => {
  if (noStandIn !== undefined) return;
  aws = await startStandIn();
  Object.assign(process.env, aws.env);
});
afterAll(async () => {
  await aws?.close();
  await removeGiven();
  for (const { user } of typists) user.leave();
  User.leaveAll();
  console.info(`${ran.length} of ${ran.length + notRun.length} commands run, the others read:\n${notRun.join('\n')}`);
});

for (const { page, blocks, user } of typists) describe(page, () => typed(blocks, user));

/** Has written the files that the page tells them to. */
function userOf(files: Page['files']): User {
  const user = new User();
  for (const file of files) user.write(file);
  return user;
}

/** A test for each block: what it does is there for the next. */
function typed(blocks: readonly Block[], user: User): void {
  for (const block of blocks) {
    const { page, line, commands, mark } = block;
    it(`${page}:${line}: ${commands.join('; ')}`, async () => {
      if (!mark.standIn || noStandIn === undefined)
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
        const stopped = cosmicaiArgs(command)?.[0] === 'stop' ? await hangingRun(user) : undefined;
        const end = await type(withIds(text, user), block, user);
        await stopped?.(end.code !== 0);
        if (mark.lacking !== undefined) {
          // Of a command that can't be typed its own program says so, without asking.
          expect(end.stderr).toContain(`when calling the ${mark.lacking} operation`);
          notRun.push(`${page}:${line}: ${command} (typed, but moto has no ${mark.lacking})`);
          continue;
        }
        if (end.code !== mark.exits)
          throw new Error(`${page}:${line}: ${command}\nexit code ${String(end.code)}\n${end.stderr}\n${end.stdout}`);
        await readPrinted(end);
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

/** Why nobody could type this. */
async function whyNotTyped(command: string): Promise<string | undefined> {
  if (/<\w[^>]*>/.test(command)) return 'a shell takes <…> for files';
  const args = cosmicaiArgs(command);
  return args === undefined ? whyNotThere(command) : await whyRefused(args);
}

function whyNotRun(command: string, { mark }: Block): string | undefined {
  if (mark.by !== undefined) return `${mark.by} runs it`;
  const noTool = whyNoTool(command) ?? mark.given.map(whyNotGiven).find((reason) => reason !== undefined);
  return noTool ?? (mark.standIn ? noStandIn : undefined);
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
    const wanted = [name, ...values].join(' ');
    if (present !== null) text = text.replace(present[0], `${present[1]!}${wanted}`);
    else if (/^npm (start|test)$/.test(text)) text = `${text} -- ${wanted}`;
    else text = text.replace(/(?=$| [|>;])/, ` ${wanted}`);
  }
  return { text, used };
}

const ID = /\d{8}T\d{6}Z-[0-9a-f]{4,8}\b/g;

/** Ids of the pages stand for the newest run or execution; `/data` and `/home/me` for the folder. */
function withIds(command: string, user: User): string {
  const text = command.replaceAll(
    /(?<=[ /=])\/(data|home\/me)\//g,
    (_, name: string) => `${user.folder}/${name === 'data' ? 'data/' : ''}`,
  );
  const [, before = '', id] = new RegExp(`(\\S*?)(${ID.source})`).exec(text) ?? [];
  if (id === undefined) return text;
  const newest = user.newest(before.includes('executions') ? before : 'results/runs');
  if (newest === undefined) throw new Error(`There is nothing for ${id} in "${command}".`);
  return text.replaceAll(ID, newest);
}

async function type(line: string, { mark }: Block, user: User): Promise<Ended> {
  // AWS's own command line of version 1 doesn't know the region by the name that its SDKs do.
  const env = mark.standIn ? { ...aws!.env, AWS_DEFAULT_REGION: aws!.region, AWS_MAX_ATTEMPTS: '1' } : {};
  return await user.type(line, env, mark.until);
}

/** Commands that were printed could be typed. */
async function readPrinted({ stdout, stderr }: Ended): Promise<void> {
  for (const [, command = ''] of `${stdout}\n${stderr}`.matchAll(/(?:^ {2}|: )(cosmicai [^()\n]*[^().\s])$/gm)) {
    const args = cosmicaiArgs(command)!;
    const refused = await whyRefused(args);
    if (refused !== undefined) throw new Error(`${command} was printed, but\n${refused}`);
  }
}

/**
 * Starts a run that comes to nothing until it is stopped: it asks a bucket that doesn't answer.
 *
 * @returns what awaits its end
 */
async function hangingRun(user: User): Promise<(failed: boolean) => Promise<void>> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const silent = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
  };
  const run = user.start('cosmicai run --data s3://galaxies/100MB', silent);
  const state = { over: false };
  void run.ended.then(() => (state.over = true));
  // It is at work, and so can be stopped, when it says what it begins with.
  while (!run.printed().includes('Initialize')) {
    if (state.over) throw new Error(`The run to be stopped ended by itself: ${(await run.ended).stderr}`);
    await setTimeout(100);
  }
  return async (failed) => {
    // Where stopping it has failed.
    if (failed) run.stop();
    await run.ended;
    server.close();
  };
}
