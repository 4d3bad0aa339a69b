import { z } from 'zod';

const lambdaCause = z.object({ errorMessage: z.string() });

/** A function's own message in the cause of its error, which Lambda wraps in JSON with a stack trace. */
export function functionMessage(cause: string): string {
  return lambdaCause.safeParse(jsonOrText(cause)).data?.errorMessage ?? cause;
}

/** Histories and results of Step Functions hold JSON as text, cut off or left out where it is long: then the text, or null. */
export function jsonOrText(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return text ?? null;
  }
}
