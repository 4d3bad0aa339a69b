/** Where the resources of a policy are. */
export interface Place {
  readonly partition: string;
  readonly region: string;
  /** Twelve digits, or what stands for them until somebody fills them in. */
  readonly account: string;
}

export interface Statement {
  readonly sid: string;
  /** What it is for, as a sentence. */
  readonly why: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
  /** The policy holds it in one with others of this name, which are of other services or resources of the same stage. */
  readonly joined?: string;
}

/** What stands in a policy where no account is named. */
export const ACCOUNT_PLACEHOLDER = 'ACCOUNT_ID';

/** The partition of AWS that a region belongs to, as ARNs name it. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** ARN of something in the place's account and region. */
export function arn({ partition, region, account }: Place, service: string, rest: string): string {
  return `arn:${partition}:${service}:${region}:${account}:${rest}`;
}

/** As IAM takes it. */
export function policyDocument(statements: readonly Statement[]): object {
  return {
    Version: '2012-10-17',
    Statement: joined(statements).map(({ sid, actions, resources, condition }) => ({
      Sid: sid,
      Effect: 'Allow',
      Action: actions.length === 1 ? actions[0] : actions,
      Resource: resources.length === 1 ? resources[0] : resources,
      ...(condition !== undefined && { Condition: condition }),
    })),
  };
}

/**
 * IAM counts characters, and a statement has 60 beside its actions and resources. Joined, each action still meets nothing but its own
 * service's resources.
 */
function joined(statements: readonly Statement[]): Pick<Statement, 'sid' | 'actions' | 'resources' | 'condition'>[] {
  const alone = statements.filter((statement) => statement.joined === undefined);
  const names = new Set(statements.flatMap((statement) => statement.joined ?? []));
  const together = [...names].map((sid) => {
    const parts = statements.filter((statement) => statement.joined === sid);
    const all = (of: (part: Statement) => readonly string[]) => [...new Set(parts.flatMap(of))].sort();
    return { sid, actions: all(({ actions }) => actions), resources: all(({ resources }) => resources) };
  });
  return [...alone, ...together];
}

/** Characters of a policy as IAM counts them: without white space. */
export function policySize(statements: readonly Statement[]): number {
  return JSON.stringify(policyDocument(statements)).replace(/\s/g, '').length;
}
