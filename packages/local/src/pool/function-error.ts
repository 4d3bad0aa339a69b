/** What a failed invocation says, in Lambda's own shape: it becomes the `Cause` of the state's error. */
export interface FunctionErrorBody {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

/** A function did not answer: it threw, crashed, ran out of time or memory. `body.errorType` is Lambda's name for it. */
export class FunctionError extends Error {
  readonly body: FunctionErrorBody;
  readonly requestId: string;

  constructor(requestId: string, body: FunctionErrorBody) {
    super(`${body.errorType}: ${body.errorMessage}`);
    this.name = 'FunctionError';
    this.requestId = requestId;
    this.body = body;
  }
}

/**
 * Errors of the sandbox rather than of the handler. Step Functions also lets `Lambda.Unknown` match them
 * (developer guide, "Handle transient Lambda service exceptions").
 */
export const SANDBOX_ERRORS = ['Runtime.ExitError', 'Runtime.OutOfMemory', 'Sandbox.Timedout'] as const;

export function exited(requestId: string, code: number | null, signal: NodeJS.Signals | null): FunctionErrorBody {
  const how = signal === null ? `exit status ${code ?? 0}` : `signal: ${signal === 'SIGKILL' ? 'killed' : signal}`;
  return {
    errorType: 'Runtime.ExitError',
    errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: ${how}`,
  };
}

export function outOfMemory(requestId: string, memoryMiB: number): FunctionErrorBody {
  return {
    errorType: 'Runtime.OutOfMemory',
    errorMessage: `RequestId: ${requestId} Error: Runtime exited because it used more than ${memoryMiB} MB of memory`,
  };
}

export function timedOut(requestId: string, timeoutSeconds: number): FunctionErrorBody {
  return {
    errorType: 'Sandbox.Timedout',
    errorMessage: `RequestId: ${requestId} Error: Task timed out after ${timeoutSeconds.toFixed(2)} seconds`,
  };
}
