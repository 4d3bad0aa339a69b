import { RemoteError } from '@cosmicai/payload';
import { z } from 'zod';
import { explained } from './aws-errors.ts';

/** How an invocation ended. */
export interface Invocation {
  readonly requestId: string;
  /** What the function answered; undefined when it failed. */
  readonly answer?: unknown;
  readonly error?: string;
  readonly cause?: string;
  /** The last lines of its log, the REPORT line among them. */
  readonly log: string;
}

/** Calls functions and waits for their answers. */
export interface FunctionService {
  invoke(functionName: string, payload: unknown, signal: AbortSignal): Promise<Invocation>;
}

const failure = z.object({ errorType: z.string().optional(), errorMessage: z.string().default('') });

export async function lambdaFunctions(region: string): Promise<FunctionService> {
  const sdk = await import('@aws-sdk/client-lambda');
  // An invocation that is tried again would run the rank twice: who calls decides.
  const client = new sdk.LambdaClient({ region, maxAttempts: 1 });
  return {
    invoke: (functionName, payload, signal) =>
      explained(`call the function ${functionName}`, async () => {
        const request = { FunctionName: functionName, Payload: JSON.stringify(payload), LogType: 'Tail' as const };
        const found = await client.send(new sdk.InvokeCommand(request), { abortSignal: signal });
        const text = found.Payload?.transformToString() ?? 'null';
        const base = {
          requestId: found.$metadata.requestId ?? '',
          log: Buffer.from(found.LogResult ?? '', 'base64').toString(),
        };
        if (found.FunctionError === undefined) return { ...base, answer: parsed(text, functionName) };
        // Lambda's own word, `Unhandled`, where the function's answer doesn't say what happened.
        const { errorType: error = found.FunctionError, errorMessage: cause } = failure
          .catch({
            errorType: found.FunctionError,
            errorMessage: text,
          })
          .parse(parsed(text, functionName));
        return { ...base, error, cause };
      }),
  };
}

function parsed(text: string, functionName: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RemoteError(`${functionName} answered something that is not valid JSON: ${text.slice(0, 200)}`, {
      cause,
    });
  }
}
