import { isDenied } from '../services/aws-errors.ts';

/** What a check found. */
export interface Finding {
  readonly check: string;
  /** `off`: not needed unless it is asked for, or couldn't be looked at. */
  readonly state: 'ok' | 'failed' | 'off';
  /** What was seen and, unless it is well, what to do. */
  readonly detail: string;
}

export type Seen = Omit<Finding, 'check'>;

export const ok = (detail: string): Seen => ({ state: 'ok', detail });
export const failed = (detail: string): Seen => ({ state: 'failed', detail });
export const off = (detail: string): Seen => ({ state: 'off', detail });

/** What AWS doesn't let these credentials look at is off: runs may do without it. All other errors are failures. */
export async function finding(check: string, look: () => Promise<Seen> | Seen): Promise<Finding> {
  try {
    return { check, ...(await look()) };
  } catch (error) {
    const { message } = error as Error;
    return { check, ...(isDenied(error) ? off(`could not be looked at: ${message}`) : failed(message)) };
  }
}
