import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const root = join(import.meta.dirname, '..');

/** Folders of the stacks, relative to the repository, in the order in which they are deployed. */
export const STACKS = ['.', 'services/init', 'services/inference', 'services/summarize'] as const;
export type Stack = (typeof STACKS)[number];

export interface Resource {
  readonly Type: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- any resource of CloudFormation; tests read what they expect
  readonly Properties: any;
  readonly DeletionPolicy?: string;
}

export interface Packaged {
  readonly folder: string;
  readonly templatePath: string;
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: Readonly<Record<string, { readonly Value: unknown }>>;
}

/** Packages a stack as `sls package` does on a machine without network; stages are those of test/fixtures/stages. */
export async function packageStack(stack: Stack, stage: string): Promise<Packaged> {
  const folder = join(await copyOfStacks(), 'package');
  const sls = join(root, 'node_modules/.bin/sls');
  // Nothing listens there: a packaging that asked AWS for something would fail.
  const environment = {
    ...process.env,
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    AWS_EC2_METADATA_DISABLED: 'true',
    COSMICAI_STAGES: join(import.meta.dirname, 'fixtures/stages'),
  };
  await promisify(execFile)(sls, ['package', '--stage', stage, '--package', folder], {
    cwd: join(folder, '..', stack),
    env: environment,
  });
  const templatePath = join(folder, 'cloudformation-template-update-stack.json');
  const template = JSON.parse(await readFile(templatePath, 'utf8')) as {
    Resources: Packaged['resources'];
    Outputs: Packaged['outputs'];
  };
  return { folder, templatePath, resources: template.Resources, outputs: template.Outputs };
}

/** Text of the state machine's definition in the root stack's template, with the pseudo parameters in it. */
export function definitionIn(resources: Packaged['resources']): string {
  return (resources.Workflow!.Properties.DefinitionString as { 'Fn::Sub': string })['Fn::Sub'];
}

const temporary: string[] = [];

afterAll(async () => {
  for (const folder of temporary.splice(0)) await rm(folder, { recursive: true });
});

/** A folder that goes when the tests of a file are through. */
export async function temporaryFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `cosmicai-${name}-`));
  temporary.push(folder);
  return folder;
}

/** A tree of its own for each packaging, because the framework uses `.serverless` beside the configuration as scratch. */
async function copyOfStacks(): Promise<string> {
  const copy = await temporaryFolder('stacks');
  for (const name of ['node_modules', 'packages', 'config', 'infrastructure', 'state-machine.asl.yml']) {
    await symlink(join(root, name), join(copy, name));
  }
  for (const stack of STACKS) {
    await mkdir(join(copy, stack), { recursive: true });
    await copyFile(join(root, stack, 'serverless.yml'), join(copy, stack, 'serverless.yml'));
  }
  return copy;
}
