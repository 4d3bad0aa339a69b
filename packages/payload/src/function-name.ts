/** The name of a Lambda function that is given by name or ARN, with or without a qualifier. */
export function functionNameOf(reference: string): string {
  const arn = /:function:([^:]+)/.exec(reference)?.[1];
  const [name = ''] = reference.split(':');
  return arn ?? name;
}
