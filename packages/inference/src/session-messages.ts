/** What travels between a predictor and its session workers. Buffers are transferred, not copied. */

export interface SessionOptions {
  readonly modelPath: string;
  /** Threads of onnxruntime inside the worker. */
  readonly threads: number;
}

export interface PredictRequest {
  readonly id: number;
  /** count x bands x height x width, row-major. */
  readonly images: Float32Array<ArrayBuffer>;
  /** count x bands. */
  readonly magnitudes: Float32Array<ArrayBuffer>;
  readonly count: number;
  readonly imageShape: readonly [bands: number, height: number, width: number];
}

export type PredictResponse =
  | { readonly type: 'ready' }
  | { readonly type: 'prediction'; readonly id: number; readonly redshift: Float32Array<ArrayBuffer> }
  | { readonly type: 'failure'; readonly id: number; readonly message: string };
