import { z } from 'zod';

/** A deployed function as an invocation finds it. */
export const functionSettingsSchema = z.object({
  name: z.string(),
  /** Zip file that was deployed. */
  package: z.string(),
  /** `<file>.<export>`. */
  handler: z.string(),
  memoryMb: z.number(),
  timeoutSeconds: z.number(),
  ephemeralStorageMb: z.number(),
  /** The name of its role. */
  role: z.string(),
  environment: z.record(z.string(), z.string()),
});

/** What moto knows of the function of an invocation: its settings, or its name alone where nothing of that name is deployed. */
export const invokedFunctionSchema = z.union([functionSettingsSchema, z.object({ name: z.string() })]);

export type InvokedFunction = z.infer<typeof invokedFunctionSchema>;

/** A function that is ready to be started: `folder` holds what Lambda has in /var/task. */
export interface ServedFunction {
  readonly name: string;
  readonly folder: string;
  /** `<file>.<export>`. */
  readonly handler: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** Of /tmp, in a sandbox. Default: Lambda's, 512. */
  readonly ephemeralStorageMb?: number;
  /** The name of its role, by which calls of AWS's services are told apart. */
  readonly role?: string;
  readonly environment: Readonly<Record<string, string>>;
}
