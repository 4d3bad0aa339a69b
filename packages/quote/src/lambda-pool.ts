import type { AwsLimits } from './aws-limits.ts';

/** How Lambda answers an invocation. */
export type Admission = 'warm' | 'cold' | 'throttled';

/** The environments of one function: reuse, scale-out rate, concurrency limit, and counts of what happened. */
export class LambdaPool {
  readonly #limits: AwsLimits;
  /** New environments that may still be made now: a bucket that refills continuously up to the ten-second quota. */
  #allowance: number;
  #allowanceAt: number;
  #idle: number;
  #running = 0;
  coldStarts = 0;
  peakConcurrency = 0;

  constructor(limits: AwsLimits, { warm, since }: { readonly warm: number; readonly since: number }) {
    this.#limits = limits;
    this.#allowance = limits.scaleOutPerTenSeconds;
    this.#allowanceAt = since;
    this.#idle = warm;
  }

  /** @param now seconds, never decreasing from call to call */
  admit(now: number): Admission {
    const { scaleOutPerTenSeconds, accountConcurrency } = this.#limits;
    const refill = (now - this.#allowanceAt) * (scaleOutPerTenSeconds / 10);
    this.#allowance = Math.min(scaleOutPerTenSeconds, this.#allowance + refill);
    this.#allowanceAt = now;
    const cold = this.#idle === 0;
    if (this.#running >= accountConcurrency || (cold && this.#allowance < 1)) return 'throttled';
    if (cold) {
      this.#allowance--;
      this.coldStarts++;
    } else {
      this.#idle--;
    }
    this.#running++;
    this.peakConcurrency = Math.max(this.peakConcurrency, this.#running);
    return cold ? 'cold' : 'warm';
  }

  release(): void {
    this.#running--;
    this.#idle++;
  }
}
