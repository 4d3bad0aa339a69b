/**
 * Rehearses a deployment on AWS without an account: the packaged functions, unchanged, under AWS's own runtime client in Lambda's
 * sandbox, everything else on the stand-in for AWS, and nothing of it with a way to elsewhere.
 *
 *   pnpm rehearse [--full] [--scene NAME]… [--out FOLDER]
 *
 * Leaves rehearsal.json, rehearsal.md, calls.jsonl and roles.json in the folder. Exit code 1: a scene went wrong, 3: this machine can't.
 */
import { mkdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { whyNoSandbox, whyNoStandIn } from '../../packages/aws-standin/src/index.ts';
import { writeLog, type Played } from './log.ts';
import { again, attemptsElsewhere, isInside, whyNoNetworkOfItsOwn } from './network.ts';
import { commandsToRehearse } from './pages.ts';
import { Rehearsal } from './rehearsal.ts';
import { runtimeClient } from './runtime-client.ts';
import { SCENES } from './scenes/index.ts';

const FIRST = 'docs/first-account.md';
const USAGE = `usage: pnpm rehearse [--full] [--scene NAME]… [--out FOLDER]

  --full        all failures and several stages; without it the days of one stage and three failures
  --scene NAME  only the deployment, scenes whose names have this in them, and the removal
  --out FOLDER  where the log goes (default: rehearsal)
`;

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    scene: { type: 'string', multiple: true },
    out: { type: 'string', default: 'rehearsal' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit();
}
const reason = whyNoStandIn() ?? whyNoSandbox() ?? whyNoNetworkOfItsOwn();
if (reason !== undefined) {
  process.stderr.write(`NOTHING WAS REHEARSED: ${reason}.\n`);
  process.exit(3);
}
// What comes from npm comes before the way there is closed.
const client = await runtimeClient({ build: values.full && !isInside() });
if (!isInside()) process.exit(await again({}));

const played: Played[] = [];
await mkdir(values.out, { recursive: true });
process.stderr.write(`Functions run under ${client.name}.\n`);
const rehearsal = await Rehearsal.open(client);
try {
  const chosen = SCENES.filter(({ name, quick }, at) =>
    values.scene === undefined
      ? quick || values.full
      : at === 0 || name === 'the stage is removed' || values.scene.some((part) => name.includes(part)),
  );
  for (const scene of chosen) {
    process.stderr.write(`${scene.name}\n`);
    rehearsal.scene = scene.name;
    const failure = await scene.play(rehearsal).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    played.push({ scene: scene.name, ...(failure !== undefined && { failure }) });
    if (failure !== undefined) process.stderr.write(`  WRONG: ${failure}\n`);
    // Without a stage that runs there is nothing to rehearse.
    if (failure !== undefined && SCENES.indexOf(scene) < 2) break;
  }
  const notPlayed = SCENES.filter((scene) => !chosen.includes(scene)).map(({ name }) => name);
  const log = { played, notPlayed, client: client.name, attemptsElsewhere: attemptsElsewhere() };
  const { text, unexplained } = await writeLog(values.out, rehearsal, log);
  process.stdout.write(text);
  // All scenes together show all that can be shown.
  const missing = values.full && values.scene === undefined ? unexplained : [];
  for (const id of missing) process.stderr.write(`WRONG: docs/deploy.md has ${id}, which no scene shows.\n`);
  const typed = new Set(rehearsal.commands.map((command) => command.typed));
  const untyped = values.scene === undefined ? commandsToRehearse(FIRST).filter((command) => !typed.has(command)) : [];
  for (const command of untyped) process.stderr.write(`WRONG: ${FIRST} has ${command}, which no scene types.\n`);
  const isRight = played.every(({ failure }) => failure === undefined) && missing.length + untyped.length === 0;
  process.exitCode = isRight ? 0 : 1;
} finally {
  await rehearsal[Symbol.asyncDispose]();
}
