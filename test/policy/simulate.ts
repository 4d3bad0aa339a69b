/** Whether statements of IAM allow what was asked for: denials first, `*` and `?` as IAM reads them. Conditions are taken as met. */
import type { AskedFor } from './recorded.ts';

export interface IamStatement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

/** Everybody may ask for it, whatever policies say. */
const FREE = ['sts:GetCallerIdentity'];

export function allows(statements: readonly IamStatement[], asked: Omit<AskedFor, 'principal'>): boolean {
  if (FREE.includes(asked.action)) return true;
  const matching = statements.filter((statement) => concerns(statement, asked));
  return matching.length > 0 && matching.every(({ Effect }) => Effect === 'Allow');
}

export function refused(statements: readonly IamStatement[], calls: readonly AskedFor[]): AskedFor[] {
  return calls.filter((asked) => !allows(statements, asked));
}

/** Actions that are allowed and that no call needed, sorted. */
export function unneeded(statements: readonly IamStatement[], calls: readonly AskedFor[]): string[] {
  const allowed = statements
    .filter(({ Effect }) => Effect === 'Allow')
    .flatMap(({ Action, ...rest }) => [Action].flat().map((action) => ({ ...rest, Action: action })));
  const idle = allowed.filter((statement) => !calls.some((asked) => concerns(statement, asked)));
  return [...new Set(idle.map(({ Action }) => Action))].sort();
}

function concerns({ Action, Resource }: IamStatement, { action, resource }: Omit<AskedFor, 'principal'>): boolean {
  return (
    [Action].flat().some((each) => like(each, action)) &&
    [Resource].flat().some((each) => like(resolved(each), resource))
  );
}

/** Of a template, in the account and region of rehearsals. What refers to another resource is nothing that a call was seen on. */
function resolved(resource: unknown): string {
  if (typeof resource === 'string') return resource;
  const text = (resource as { readonly 'Fn::Sub'?: string })['Fn::Sub'] ?? '';
  const pseudo: Readonly<Record<string, string>> = { Partition: 'aws', Region: 'us-east-1', AccountId: '123456789012' };
  return text.replace(/\$\{AWS::(\w+)\}/g, (_, name: string) => pseudo[name] ?? '');
}

export function like(pattern: string, text: string): boolean {
  const parts = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${parts}$`).test(text);
}
