import { policyRoles, stagePolicy, type PolicyRole, type StagePolicy } from '@cosmicai/deploy';
import { Command } from 'commander';
import { stageOption } from '../engines.ts';
import { printBlock, printLine, type Terminal } from '../output/terminal.ts';

interface PolicyOptions {
  readonly stage: string;
  readonly account?: string;
  readonly region?: string;
  readonly json?: boolean;
}

const FOR: Readonly<Record<PolicyRole, string>> = {
  deployer: 'deploys and removes a stage',
  runner: 'runs, follows, stops, checks and deletes runs on a deployed stage',
};

export function policyCommand(terminal: Terminal): Command {
  const command = new Command('policy');
  for (const role of policyRoles) command.addCommand(roleCommand(role, terminal));
  return command;
}

function roleCommand(role: PolicyRole, terminal: Terminal): Command {
  return new Command(role)
    .description(
      `Prints the least permissions of IAM for who ${FOR[role]}, and what each is for. With --json, the policy itself. Asks nobody.`,
    )
    .addOption(stageOption())
    .option('--account <number>', 'account of AWS, 12 digits (default: ACCOUNT_ID, to be filled in)')
    .option('--region <region>', "region of AWS (default: the stage's)")
    .option('--json', 'print the policy as IAM takes it')
    .addHelpText(
      'after',
      `\nExample:\n  cosmicai policy ${role} --stage dev --account 123456789012 --json > ${role}.json\n`,
    )
    .action(({ stage, json, ...place }: PolicyOptions) => {
      const policy = stagePolicy(role, stage, place);
      if (json) {
        // As it is: IAM refuses a policy with a key that it doesn't know, so this object has no format.
        printBlock(terminal.stdout, JSON.stringify(policy.document, null, 2));
        for (const note of policy.notes) printLine(terminal.stderr, `Note: ${note}`);
      } else printBlock(terminal.stdout, explained(policy));
    });
}

function explained({ statements, size, notes }: StagePolicy): string {
  const parts = statements.map(({ sid, why, actions, resources, condition }) =>
    [
      `${sid}: ${why}`,
      ...actions.map((action) => `  ${action}`),
      ...resources.map((resource) => `    on ${resource}`),
      ...(condition === undefined ? [] : [`    where ${JSON.stringify(condition)}`]),
    ].join('\n'),
  );
  return [...parts, [`${size} characters; --json prints the policy.`, ...notes].join('\n')].join('\n\n');
}
