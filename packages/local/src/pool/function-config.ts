/** One function as it would be deployed. */
export interface FunctionConfig {
  /** Path of the bundle, an ES module that Node imports. */
  readonly bundle: string;
  /** Name of the exported handler. */
  readonly handler: string;
  /** Resident memory above which an invocation is stopped, as Lambda does. */
  readonly memoryMiB: number;
  readonly timeoutSeconds: number;
  /** Added to the environment of the command line. */
  readonly environment?: Readonly<Record<string, string>>;
}
