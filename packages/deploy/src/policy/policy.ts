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
    Statement: statements.map(({ sid, actions, resources, condition }) => ({
      Sid: sid,
      Effect: 'Allow',
      Action: actions.length === 1 ? actions[0] : actions,
      Resource: resources.length === 1 ? resources[0] : resources,
      ...(condition !== undefined && { Condition: condition }),
    })),
  };
}

/** Characters of a policy as IAM counts them: without white space. */
export function policySize(statements: readonly Statement[]): number {
  return JSON.stringify(policyDocument(statements)).replace(/\s/g, '').length;
}
