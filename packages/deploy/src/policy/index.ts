import { UserInputError } from '@cosmicai/payload';
import { stageOptions, type StageOptions } from '../stage/stage-options.ts';
import { deployerPolicy } from './deployer-policy.ts';
import { ACCOUNT_PLACEHOLDER, partitionOf, policyDocument, policySize, type Place, type Statement } from './policy.ts';
import { runnerPolicy } from './runner-policy.ts';

type Maker = (stage: string, options: StageOptions, place: Place) => Statement[];

const MAKERS = { deployer: deployerPolicy, runner: runnerPolicy } satisfies Record<string, Maker>;

/** Who the policy is for: who deploys and removes a stage, or who uses it. */
export type PolicyRole = keyof typeof MAKERS;
export const policyRoles = Object.keys(MAKERS) as PolicyRole[];

export interface StagePolicy {
  readonly statements: readonly Statement[];
  /** As IAM takes it. */
  readonly document: object;
  /** Characters, as IAM counts them. */
  readonly size: number;
  /** What to see to before it is used, as sentences. */
  readonly notes: readonly string[];
}

/** A managed policy's most characters, and that of all inline policies of a role together (IAM and STS quotas). */
const MANAGED = 6144;
const INLINE = 10_240;

/**
 * The least that a role needs in AWS for a stage, from the stage's options and from what commands, framework and CloudFormation call.
 *
 * @throws UserInputError for a stage, an account or a region that can't be
 */
export function stagePolicy(
  role: PolicyRole,
  stage: string,
  { account = ACCOUNT_PLACEHOLDER, region }: { readonly account?: string; readonly region?: string } = {},
): StagePolicy {
  const options = stageOptions(stage);
  const where = region ?? options.region;
  if (account !== ACCOUNT_PLACEHOLDER && !/^\d{12}$/.test(account))
    throw new UserInputError(
      `An account of AWS has 12 digits, not "${account}": aws sts get-caller-identity tells it.`,
    );
  if (!/^[a-z]{2}(-[a-z]+)+-\d+$/.test(where))
    throw new UserInputError(`"${where}" is no region of AWS, as us-east-1 is one.`);
  const statements = MAKERS[role](stage, options, { partition: partitionOf(where), region: where, account });
  const size = policySize(statements);
  return { statements, document: policyDocument(statements), size, notes: notes(account, size) };
}

function notes(account: string, size: number): string[] {
  return [
    ...(account === ACCOUNT_PLACEHOLDER
      ? [`Put the account's number in the place of ${ACCOUNT_PLACEHOLDER}, or give --account.`]
      : []),
    ...(size > MANAGED
      ? [
          `It has ${size} characters, and a managed policy ${MANAGED} at most: put it into the role itself (aws iam put-role-policy), which holds ${INLINE}.`,
        ]
      : []),
  ];
}
