import { z } from 'zod';

const lambdaCause = z.object({ errorMessage: z.string() });

/** The function's own message, which Lambda wraps in JSON with a stack trace. */
export function messageIn(cause: string): string {
  try {
    return lambdaCause.parse(JSON.parse(cause)).errorMessage;
  } catch {
    return cause;
  }
}
