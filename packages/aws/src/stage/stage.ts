import { UserInputError } from '@cosmicai/payload';
import { openStore, type ObjectStore } from '@cosmicai/store';
import { stackOutputs, stageOptions, type StageOptions } from '@cosmicai/deploy';
import { explained } from '../services/aws-errors.ts';
import { rendezvousAddress, rendezvousService } from './rendezvous-address.ts';
import { stepFunctions } from '../services/step-functions.ts';
import type { WorkflowService } from '../services/workflow-service.ts';

/** A deployed stage: what its root stack put into the account. */
export interface DeployedStage {
  readonly name: string;
  readonly options: StageOptions;
  readonly bucket: string;
  readonly store: ObjectStore;
  readonly workflow: WorkflowService;
  /** Finds out where ranks meet, `host:port`. @throws UserInputError, EnvironmentError when they can't meet at the stage now */
  readonly rendezvous: () => Promise<string>;
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
  const outputs = await outputsOf(name, region);
  const output = (key: string) => {
    const value = outputs.get(key);
    if (value !== undefined) return value;
    throw new UserInputError(
      `The stack cosmicai-${name} in ${region} has no output ${key}: it was deployed by an older version. Deploy it again: cosmicai deploy ${name}`,
    );
  };
  const bucket = output('BucketName');
  return {
    name,
    options,
    bucket,
    store: openStore(`s3://${bucket}`),
    workflow: await stepFunctions(output('WorkflowArn'), region),
    rendezvous: () => rendezvousAddress(name, rendezvousService(outputs), region),
  };
}

async function outputsOf(stage: string, region: string): Promise<ReadonlyMap<string, string>> {
  const outputs = await explained(`describe the stack cosmicai-${stage}`, () => stackOutputs(stage, region));
  if (outputs !== undefined) return outputs;
  throw new UserInputError(
    `There is no stage ${stage} in ${region} in this account. Deploy it with: cosmicai deploy ${stage}`,
  );
}
