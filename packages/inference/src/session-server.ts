import '@cosmicai/payload/no-telemetry';
import { parentPort, workerData } from 'node:worker_threads';
import { UserInputError } from '@cosmicai/payload';
import { InferenceSession } from 'onnxruntime-node';
import { redshiftsIn } from './contract/answer.ts';
import { feedsOf } from './contract/feeds.ts';
import { contractOf, type ModelContract } from './contract/model-contract.ts';
import type { ModelPort } from './contract/ports.ts';
import { runtimeMessage } from './onnx/runtime-message.ts';
import {
  memoryOf,
  type PredictRequest,
  type PredictResponse,
  type SessionOptions,
  type SessionStart,
} from './session-messages.ts';

/** onnxruntime's own log on stderr: none, since every failure is told in our words. */
const FATAL_ONLY = 4;

/**
 * Where onnxruntime looks for data files that it wasn't given: below a file, where none can be. It would look in the current
 * folder otherwise, where anything may lie.
 */
const NOWHERE = `${process.execPath}/nowhere`;

/**
 * Runs one onnxruntime session in this worker thread and answers the predictor's requests in order. A worker of its own
 * because `session.run` blocks the event loop of the thread that calls it.
 */
export async function serveSession(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('serveSession runs in a worker thread only');
  const start = (message: SessionStart) => port.postMessage(message);
  const post = (response: PredictResponse, transfer: ArrayBuffer[] = []) => port.postMessage(response, transfer);
  const { model, threads, names } = workerData as SessionOptions;
  let session: InferenceSession;
  let contract: ModelContract;
  try {
    session = await InferenceSession.create(model.graph, {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: FATAL_ONLY,
      externalData: model.external.map(({ path, data }) => ({ path, data })),
      extra: { session: { model_external_initializers_file_folder_path: NOWHERE } },
    });
    // onnxruntime has made what it needs of them.
    for (const memory of memoryOf(model)) memory.transfer(0);
    contract = contractOf(
      { inputs: session.inputMetadata.map(portOf), outputs: session.outputMetadata.map(portOf) },
      names,
    );
  } catch (error) {
    const known = error instanceof UserInputError;
    start({ type: 'refused', message: known ? error.message : `onnxruntime can't load it: ${runtimeMessage(error)}` });
    return;
  }
  port.on('message', (request: PredictRequest) => {
    predict(session, contract, request).then(
      (redshift) => post({ type: 'prediction', id: request.id, redshift }, [redshift.buffer]),
      (error: unknown) => post({ type: 'failure', id: request.id, message: runtimeMessage(error) }),
    );
  });
  start({ type: 'ready', contract });
}

function portOf(port: InferenceSession.ValueMetadata): ModelPort {
  return port.isTensor
    ? { name: port.name, type: port.type, shape: port.shape }
    : { name: port.name, type: undefined, shape: [] };
}

async function predict(
  session: InferenceSession,
  contract: ModelContract,
  request: PredictRequest,
): Promise<Float32Array<ArrayBuffer>> {
  const { tensors, sent } = feedsOf(request, contract);
  // Only what is wanted: other outputs need not even be computed.
  const outputs = await session.run(tensors, [contract.redshift.name], { logSeverityLevel: FATAL_ONLY });
  return redshiftsIn(outputs[contract.redshift.name], contract, sent, request.count);
}
