import { describeStack, type StackState } from './stack-outputs.ts';

/** A stack of a stage. */
export interface StageStack {
  /** Of its `serverless.yml`, from the repository's. */
  readonly folder: string;
  /** In CloudFormation. */
  readonly name: string;
}

/** Those of the functions; the root stack goes before them and is removed after them. */
export function functionStacks(stage: string): StageStack[] {
  return ['init', 'inference', 'summarize'].map((service) => ({
    folder: `services/${service}`,
    name: `cosmicai-${service}-${stage}`,
  }));
}

export function rootStack(stage: string): StageStack {
  return { folder: '.', name: `cosmicai-${stage}` };
}

/** All, the root first. */
export function stageStacks(stage: string): StageStack[] {
  return [rootStack(stage), ...functionStacks(stage)];
}

/** A stack with what CloudFormation knows of it; undefined: there is none. */
export interface SeenStack extends StageStack {
  readonly found: StackState | undefined;
}

export async function seeStacks(stacks: readonly StageStack[], region: string): Promise<SeenStack[]> {
  return await Promise.all(stacks.map(async (stack) => ({ ...stack, found: await describeStack(stack.name, region) })));
}
