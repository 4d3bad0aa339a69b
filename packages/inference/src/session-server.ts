import '@cosmicai/payload/no-telemetry';
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { PredictRequest, PredictResponse, SessionOptions } from './session-messages.ts';

/**
 * Runs one onnxruntime session in this worker thread and answers the predictor's requests in order. A worker of its own
 * because `session.run` blocks the event loop of the thread that calls it.
 */
export async function serveSession(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('serveSession runs in a worker thread only');
  const { modelPath, threads } = workerData as SessionOptions;
  const session = await InferenceSession.create(modelPath, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  const post = (response: PredictResponse, transfer: ArrayBuffer[] = []) => port.postMessage(response, transfer);
  port.on('message', (request: PredictRequest) => {
    predict(session, request).then(
      (redshift) => post({ type: 'prediction', id: request.id, redshift }, [redshift.buffer]),
      (error: unknown) =>
        post({ type: 'failure', id: request.id, message: error instanceof Error ? error.message : String(error) }),
    );
  });
  post({ type: 'ready' });
}

async function predict(session: InferenceSession, request: PredictRequest): Promise<Float32Array<ArrayBuffer>> {
  const [bands] = request.imageShape;
  const outputs = await session.run({
    image: new Tensor('float32', request.images, [request.count, ...request.imageShape]),
    magnitudes: new Tensor('float32', request.magnitudes, [request.count, bands]),
  });
  const output = outputs.redshift;
  if (output === undefined)
    throw new Error(`the model has no output named "redshift" (it has: ${session.outputNames.join(', ')})`);
  // A copy: the tensor's memory belongs to onnxruntime and can't be transferred.
  return Float32Array.from(output.data as Float32Array);
}
