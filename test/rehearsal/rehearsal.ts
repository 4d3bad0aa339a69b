/** A deployment and who works with it: types commands as pages print them, steers functions, and writes down what was shown. */
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CloudFormationClient, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import { LambdaClient, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { startStandIn, type FunctionCall, type Refusal, type StandIn } from '../../packages/aws-standin/src/index.ts';
import { functionStacks, rootStack } from '../../packages/deploy/src/index.ts';
import { startRendezvous, type RendezvousServer } from '../../packages/rendezvous/src/index.ts';
import { openStore, type ObjectStore } from '../../packages/store/src/index.ts';
import { User, type Ended } from '../docs/user.ts';
import { oneDeployment } from '../one-deployment.ts';
import type { IamStatement } from '../policy/simulate.ts';
import { attemptsElsewhere } from './network.ts';
import { commandsOfPage, itemsOfPage } from './pages.ts';
import type { RuntimeClient } from './runtime-client.ts';

const SECRET = 'what-functions-and-their-rendezvous-server-share';
const SERVER = fileURLToPath(new URL('../../services/rendezvous/dist/rendezvous.mjs', import.meta.url));
/** A new account's. */
const CONCURRENCY = 10;

/** Of a template; other types of resources have other properties. */
interface Role {
  readonly Type: string;
  readonly Properties: {
    readonly RoleName: string;
    readonly Policies: readonly { readonly PolicyDocument: { readonly Statement: readonly IamStatement[] } }[];
  };
}

export interface Typed {
  readonly scene: string;
  readonly command: string;
  /** As a page shows it, where one does. */
  readonly typed: string;
  readonly exitCode: number | null;
  /** How often anything wanted to go elsewhere, until it ended. */
  readonly attemptsElsewhere: number;
}

/** What functions do but their work; each scene sets what it needs. */
export interface Steering {
  concurrency: number;
  /** Sees a call before its function does: what Lambda refuses it with, or nothing, in its own time. */
  before: (call: FunctionCall) => Refusal | undefined | Promise<Refusal | undefined>;
  /** Is told the process that has a call. */
  called: (call: FunctionCall, pid: number) => void;
}

const undisturbed = (): Steering => ({ concurrency: CONCURRENCY, before: () => undefined, called: () => undefined });

export class Rehearsal implements AsyncDisposable {
  readonly user = new User();
  readonly commands: Typed[] = [];
  /** Ids of what docs/deploy.md shows. */
  readonly shown = new Set<string>();
  /** Where functions could write, by what was found in each sandbox. */
  readonly writable = new Set<string>();
  sandboxes = 0;
  /** What the policies of the deployed roles allow, by their names. */
  readonly roles: Record<string, readonly IamStatement[]> = {};
  #attempts = 0;
  steering = undisturbed();
  scene = '';

  readonly aws: StandIn;
  readonly rendezvous: RendezvousServer;

  private constructor(aws: StandIn, rendezvous: RendezvousServer) {
    this.aws = aws;
    this.rendezvous = rendezvous;
  }

  static async open({ runtime }: RuntimeClient): Promise<Rehearsal> {
    const rendezvous = await startRendezvous({ secrets: [SECRET], host: '127.0.0.1', port: 0, healthPort: 0 });
    const made: { rehearsal?: Rehearsal } = {};
    const steering = () => made.rehearsal?.steering ?? undisturbed();
    const aws = await startStandIn({
      runtime,
      sandboxed: true,
      functionEnvironment: { COSMICAI_RENDEZVOUS_SECRETS: SECRET },
      // The server that deploying has put into the image.
      tasks: { command: [process.execPath, SERVER], environment: { COSMICAI_RENDEZVOUS_SECRETS: SECRET } },
      concurrency: () => steering().concurrency,
      intercept: async (call) => (await steering().before(call)) ?? call.payload,
      onCall: (call, pid) => steering().called(call, pid),
      onWritable: (_, places) => {
        if (made.rehearsal === undefined) return;
        made.rehearsal.sandboxes++;
        for (const place of places) made.rehearsal.writable.add(place);
      },
    });
    made.rehearsal = new Rehearsal(aws, rendezvous);
    // What this process itself asks of AWS.
    Object.assign(process.env, aws.env, { AWS_ACCESS_KEY_ID: 'rehearsal' });
    return made.rehearsal;
  }

  bucketOf(stage: string): string {
    return `cosmicai-${stage}-${this.aws.account}-${this.aws.region}`;
  }

  storeOf(stage: string): ObjectStore {
    return openStore(`s3://${this.bucketOf(stage)}`);
  }

  /** Types a command that a page shows, with what its reader puts in place of names and ids. */
  async typedFrom(page: string, command: string, changes: Readonly<Record<string, string>> = {}): Promise<Ended> {
    if (!commandsOfPage(page).includes(command)) throw new Error(`${page} doesn't show: ${command}`);
    if (page === 'docs/deploy.md') for (const { id, text } of itemsOfPage()) if (text === command) this.shown.add(id);
    let text = command;
    for (const [name, value] of Object.entries(changes)) {
      if (!text.includes(name)) throw new Error(`There is no ${name} in: ${command}`);
      text = text.replace(name, value);
    }
    return await this.typed(text, 0, command);
  }

  /** Types a command and expects it to end so. */
  async typed(command: string, exits = 0, shown = command): Promise<Ended> {
    const end = await this.#type(command, shown);
    if (end.code !== exits)
      throw new Error(
        `${command}\nended with exit code ${String(end.code)}, not ${exits}\n${end.stderr}\n${end.stdout}`,
      );
    return end;
  }

  async #type(command: string, shown: string): Promise<Ended> {
    const changesStage = /cosmicai (deploy|remove) |sls deploy /.test(command);
    const work = () =>
      this.user.type(command, { ...this.aws.env, ...(changesStage && { AWS_ACCESS_KEY_ID: 'deployer' }) });
    const end = changesStage ? await oneDeployment(work) : await work();
    this.#wrote(command, end, shown);
    return end;
  }

  #wrote(command: string, { code }: Ended, shown = command): void {
    const text = command.replaceAll(this.user.folder, '~');
    const attempts = attemptsElsewhere() - this.#attempts;
    this.#attempts += attempts;
    this.commands.push({ scene: this.scene, command: text, typed: shown, exitCode: code, attemptsElsewhere: attempts });
    process.stderr.write(
      `  ${text} -> ${String(code)}${attempts === 0 ? '' : `, ${attempts} attempts to go elsewhere`}\n`,
    );
  }

  /** The same, while something else is done; its end is not expected to be any. */
  begun(command: string) {
    const run = this.user.start(command, this.aws.env);
    const ended = run.ended.then((end) => {
      this.#wrote(command, end);
      return end;
    });
    return { ...run, ended };
  }

  showed(...ids: string[]): void {
    const known = new Set(itemsOfPage().map(({ id }) => id));
    for (const id of ids) {
      if (!known.has(id)) throw new Error(`docs/deploy.md has no ${id}.`);
      this.shown.add(id);
    }
  }

  undisturbed(): void {
    this.steering = undisturbed();
  }

  /** Changes a deployed function as somebody might in the console. */
  async configure(functionName: string, changes: { MemorySize?: number; Timeout?: number }): Promise<void> {
    await new LambdaClient().send(new UpdateFunctionConfigurationCommand({ FunctionName: functionName, ...changes }));
  }

  /** Keeps what the roles of a stage may do, by the templates that are deployed now. */
  async keepRoles(stage: string): Promise<void> {
    const client = new CloudFormationClient();
    for (const { name } of [rootStack(stage), ...functionStacks(stage)]) {
      const { TemplateBody = '{}' } = await client.send(new GetTemplateCommand({ StackName: name }));
      const { Resources } = JSON.parse(TemplateBody) as { Resources: Readonly<Record<string, Role>> };
      for (const { Type, Properties } of Object.values(Resources))
        if (Type === 'AWS::IAM::Role')
          this.roles[Properties.RoleName] = Properties.Policies.flatMap((each) => each.PolicyDocument.Statement);
    }
  }

  /** What Lambda reported of each call of a function so far, in no order. */
  async reportsOf(functionName: string): Promise<readonly string[]> {
    const events = await this.aws.functionLogs(functionName);
    return events.filter(({ message }) => message.startsWith('REPORT ')).map(({ message }) => message);
  }

  /** A file that lies in the user's folder. */
  async file(name: string): Promise<string> {
    return await readFile(`${this.user.folder}/${name}`, 'utf8');
  }

  async until(what: string, isSo: () => boolean | Promise<boolean>, seconds = 120): Promise<void> {
    const deadline = performance.now() + seconds * 1000;
    while (!(await isSo())) {
      if (performance.now() > deadline) throw new Error(`After ${seconds} s it is not so yet: ${what}`);
      await setTimeout(50);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.aws.close();
    await this.rendezvous.close(0);
    this.user.leave();
    User.leaveAll();
  }
}

/** Whether something is as it is to be; what it is otherwise is said. */
export function expectThat(isSo: boolean, otherwise: string | (() => string)): asserts isSo {
  if (!isSo) throw new Error(typeof otherwise === 'string' ? otherwise : otherwise());
}
