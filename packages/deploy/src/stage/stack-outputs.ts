/** A stack of CloudFormation as it is now. */
export interface StackState {
  /** CloudFormation's word, e.g. `UPDATE_COMPLETE`. */
  readonly status: string;
  /** Why it is in that state, where AWS says so. */
  readonly reason: string | undefined;
  readonly outputs: ReadonlyMap<string, string>;
}

/** @returns undefined when there is no such stack */
export async function describeStack(name: string, region: string): Promise<StackState | undefined> {
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  try {
    const command = new DescribeStacksCommand({ StackName: name });
    const { Stacks: [stack] = [] } = await new CloudFormationClient({ region }).send(command);
    const outputs = (stack?.Outputs ?? []).map(
      ({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue] as const,
    );
    return { status: stack?.StackStatus ?? 'unknown', reason: stack?.StackStatusReason, outputs: new Map(outputs) };
  } catch (error) {
    if (/does not exist/i.test((error as Error).message)) return undefined;
    throw error;
  }
}

/** Outputs of a stage's root stack, by name. @returns undefined when it isn't deployed */
export async function stackOutputs(stage: string, region: string): Promise<ReadonlyMap<string, string> | undefined> {
  return (await describeStack(`cosmicai-${stage}`, region))?.outputs;
}
