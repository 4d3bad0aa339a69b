const FUNCTION_ARN = /^arn:aws[a-z-]*:lambda:[^:]+:\d{12}:function:([A-Za-z0-9_-]+)(?::[A-Za-z0-9$_-]+)?$/;
const PARTIAL_ARN = /^\d{12}:function:([A-Za-z0-9_-]+)(?::[A-Za-z0-9$_-]+)?$/;
const NAME = /^([A-Za-z0-9_-]+)(?::[A-Za-z0-9$_-]+)?$/;

/** Resource of a Task that invokes a function through the service integration. */
export const LAMBDA_INVOKE = /^arn:aws[a-z-]*:states:::lambda:invoke$/;

/** The function's own name in any spelling Lambda accepts: name, ARN, partial ARN, each with or without a qualifier. */
export function functionNameOf(reference: string): string | undefined {
  return (FUNCTION_ARN.exec(reference) ?? PARTIAL_ARN.exec(reference) ?? NAME.exec(reference))?.[1];
}

export function isFunctionArn(resource: string): boolean {
  return FUNCTION_ARN.test(resource);
}
