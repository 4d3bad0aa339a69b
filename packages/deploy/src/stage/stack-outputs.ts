/** Outputs of a stage's root stack, by name. @returns undefined when it isn't deployed */
export async function stackOutputs(stage: string, region: string): Promise<ReadonlyMap<string, string> | undefined> {
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  try {
    const command = new DescribeStacksCommand({ StackName: `cosmicai-${stage}` });
    const { Stacks = [] } = await new CloudFormationClient({ region }).send(command);
    return new Map((Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  } catch (error) {
    if (/does not exist/i.test((error as Error).message)) return undefined;
    throw error;
  }
}
