import '@cosmicai/payload/no-telemetry';
import { feedsOf, type ModelContract } from '@cosmicai/inference';
import type { Galaxies } from '@cosmicai/samples';
import { InferenceSession } from 'onnxruntime-node';
import { serialize, type OnnxModel } from './graph.ts';
import type { Range } from './integers.ts';
import { rangeOutputs, withRanges } from './rewrite.ts';

/** onnxruntime's own log on stderr: none, as every failure is told in our words. */
const FATAL_ONLY = 4;

/** Watches values of a model while it predicts. */
export class Calibration {
  readonly #session: InferenceSession;
  readonly #contract: ModelContract;
  readonly #values: readonly string[];
  readonly #ranges = new Map<string, Range>();
  readonly #sizes = new Map<string, number>();

  private constructor(session: InferenceSession, contract: ModelContract, values: readonly string[]) {
    this.#session = session;
    this.#contract = contract;
    this.#values = values;
  }

  static async open(model: OnnxModel, contract: ModelContract, values: readonly string[]): Promise<Calibration> {
    const distinct = [...new Set(values)];
    const session = await InferenceSession.create(serialize(withRanges(model, distinct)), {
      executionProviders: ['cpu'],
      intraOpNumThreads: 0,
      logSeverityLevel: FATAL_ONLY,
    });
    return new Calibration(session, contract, distinct);
  }

  /** Of all galaxies so far. A value that is NaN is no part of them. */
  get ranges(): ReadonlyMap<string, Range> {
    return this.#ranges;
  }

  /** How many numbers each value has for one galaxy. */
  get sizes(): ReadonlyMap<string, number> {
    return this.#sizes;
  }

  /** @param galaxies no more than the model takes at once */
  async add(galaxies: Galaxies): Promise<void> {
    const { tensors, sent } = feedsOf(galaxies, this.#contract);
    const names = this.#values.flatMap((value) => Object.values(rangeOutputs(value)));
    const outputs = await this.#session.run(tensors, names, { logSeverityLevel: FATAL_ONLY });
    const numberIn = (name: string): number => Number(outputs[name]?.data[0]);
    for (const value of this.#values) {
      const { smallest, largest, size } = rangeOutputs(value);
      this.#sizes.set(value, numberIn(size) / sent);
      const known = this.#ranges.get(value) ?? { smallest: 0, largest: 0 };
      this.#ranges.set(value, {
        smallest: Math.min(known.smallest, numberIn(smallest) || 0),
        largest: Math.max(known.largest, numberIn(largest) || 0),
      });
    }
  }

  close(): Promise<void> {
    return this.#session.release();
  }
}
