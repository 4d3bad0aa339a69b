/** The name of a Lambda function that is given by name or ARN, with or without a qualifier. */
export function functionNameOf(reference: string): string {
  const arn = /:function:([^:]+)/.exec(reference)?.[1];
  return arn ?? reference.split(':')[0]!;
}
