import { UserInputError } from '@cosmicai/payload';
import { openStore, type ObjectStore } from '@cosmicai/store';
import {
  deployAgain,
  describeStack,
  functionStacks,
  rootStack,
  seeStacks,
  stackProblem,
  stageOptions,
  type StackState,
  type StageOptions,
  whyUnusable,
} from '@cosmicai/deploy';
import { explained, isDenied } from '../services/aws-errors.ts';
import { checkMeetsAtStage, rendezvousService } from './rendezvous-service.ts';
import { stepFunctions } from '../services/step-functions.ts';
import type { WorkflowService } from '../services/workflow-service.ts';

/** A deployed stage: what its root stack put into the account. */
export interface DeployedStage {
  readonly name: string;
  readonly options: StageOptions;
  readonly bucket: string;
  readonly store: ObjectStore;
  readonly workflow: WorkflowService;
  /** @throws UserInputError unless ranks can meet at the stage's own server */
  readonly checkMeetsHere: () => void;
}

/**
 * Finds a stage in the account of the SDK's default credentials: the region by the stage's file, everything else by the
 * outputs of its stack, which know the names best.
 *
 * @throws UserInputError when the stage's file is wrong or the stage isn't deployed
 */
export async function openStage(name: string): Promise<DeployedStage> {
  const options = stageOptions(name);
  const { region } = options;
  // The store's client takes it from here.
  process.env.AWS_REGION = region;
  const root = await rootOf(name, region);
  const { outputs } = root;
  const output = (key: string) => {
    const value = outputs.get(key);
    if (value !== undefined) return value;
    const stack = rootStack(name).name;
    throw new UserInputError(
      stackProblem({ name, region }, stack, root) ??
        `The stack ${stack} in ${region} has no output ${key}: it was deployed by an older version. Deploy it again: ${deployAgain({ name })}`,
    );
  };
  const bucket = output('BucketName');
  return {
    name,
    options,
    bucket,
    store: openStore(`s3://${bucket}`),
    workflow: await stepFunctions(output('WorkflowArn'), region),
    checkMeetsHere: () => checkMeetsAtStage(name, rendezvousService(outputs)),
  };
}

async function rootOf(name: string, region: string): Promise<StackState> {
  const stack = rootStack(name).name;
  const found = await explained(`describe the stack ${stack}`, () => describeStack(stack, region));
  if (found !== undefined) return found;
  throw new UserInputError(
    `There is no stage ${name} in ${region} in this account. Deploy it with: ${deployAgain({ name })}`,
  );
}

/**
 * Looks whether the stacks of a stage's functions are there, as they aren't after a deployment that ended half-way. Who may not look
 * goes on.
 *
 * @throws UserInputError naming the first that isn't
 */
export async function checkFunctionStacks({ name, options: { region } }: Pick<DeployedStage, 'name' | 'options'>) {
  const seen = await explained('look at the stacks of the functions', () =>
    seeStacks(functionStacks(name), region),
  ).catch((error: unknown) => {
    if (isDenied(error)) return [];
    throw error;
  });
  for (const stack of seen) {
    const why = whyUnusable({ name, region }, stack.name, stack.found);
    if (why !== undefined) throw new UserInputError(why);
  }
}
