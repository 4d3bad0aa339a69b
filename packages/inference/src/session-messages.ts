import type { ModelContract } from './contract/model-contract.ts';
import type { ModelPorts } from './contract/ports.ts';
import type { ModelBytes } from './model/read-model.ts';

/** What travels between a predictor and its session workers. Buffers are transferred, not copied. */

export interface SessionOptions {
  /** In memory that is handed over to the worker. */
  readonly model: ModelBytes;
  /** Threads of onnxruntime inside the worker. */
  readonly threads: number;
  readonly device: Device;
}

/** What calculates: this machine's processor, or a graphics processor through onnxruntime's CUDA provider. */
export type Device = 'cpu' | 'cuda';

/** The memory in which a model's bytes lie. */
export function memoryOf({ graph, external }: ModelBytes): ArrayBuffer[] {
  return [graph, ...external.map(({ data }) => data)].map(({ buffer }) => buffer);
}

export interface PredictRequest {
  readonly id: number;
  readonly contract: ModelContract;
  /** count x bands x height x width, row-major. */
  readonly images: Float32Array<ArrayBuffer>;
  /** count x bands. */
  readonly magnitudes: Float64Array<ArrayBuffer>;
  readonly count: number;
}

/** How a session began: what the model has, or why onnxruntime can't load it. */
export type SessionStart =
  | { readonly type: 'ready'; readonly ports: ModelPorts }
  | { readonly type: 'refused'; readonly message: string }
  /** Not the model's fault. */
  | { readonly type: 'noDevice'; readonly message: string };

export type PredictResponse =
  | {
      readonly type: 'prediction';
      readonly id: number;
      /** count x width of the contract's answer. */
      readonly answers: Float32Array<ArrayBuffer>;
    }
  | { readonly type: 'failure'; readonly id: number; readonly message: string };
