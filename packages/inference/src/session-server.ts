import '@cosmicai/payload/no-telemetry';
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession } from 'onnxruntime-node';
import { answersIn } from './contract/answer.ts';
import { feedsOf } from './contract/feeds.ts';
import type { ModelPort } from './contract/ports.ts';
import { loadAdvice } from './onnx/load-advice.ts';
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
 * because `session.run` blocks the event loop of the thread that calls it. It imports little, as there is one for every core
 * and each loads its modules anew: what a model has to be is the predictor's affair.
 */
export async function serveSession(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('serveSession runs in a worker thread only');
  const start = (message: SessionStart) => port.postMessage(message);
  const post = (response: PredictResponse, transfer: ArrayBuffer[] = []) => port.postMessage(response, transfer);
  const { model, threads, device } = workerData as SessionOptions;
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(model.graph, {
      executionProviders: [device],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: FATAL_ONLY,
      externalData: model.external.map(({ path, data }) => ({ path, data })),
      extra: { session: { model_external_initializers_file_folder_path: NOWHERE } },
    });
    // onnxruntime has made what it needs of them.
    // Node 20 leaves that to the collector.
    for (const memory of memoryOf(model)) (memory as { transfer?: (bytes: number) => unknown }).transfer?.(0);
  } catch (error) {
    const message = runtimeMessage(error);
    if (device !== 'cpu' && isOfDevice(message)) start({ type: 'noDevice', message });
    else start({ type: 'refused', message: `onnxruntime can't load it: ${message}${loadAdvice(message)}` });
    return;
  }
  port.on('message', (request: PredictRequest) => {
    predict(session, request).then(
      (answers) => post({ type: 'prediction', id: request.id, answers }, [answers.buffer]),
      (error: unknown) => post({ type: 'failure', id: request.id, message: runtimeMessage(error) }),
    );
  });
  const ports = { inputs: session.inputMetadata.map(portOf), outputs: session.outputMetadata.map(portOf) };
  start({ type: 'ready', ports });
}

/** Whether onnxruntime lacks its libraries for a device, or those of the device's maker. */
function isOfDevice(message: string): boolean {
  return /cuda|provider|backend|shared librar/i.test(message);
}

function portOf(port: InferenceSession.ValueMetadata): ModelPort {
  return port.isTensor
    ? { name: port.name, type: port.type, shape: port.shape }
    : { name: port.name, type: undefined, shape: [] };
}

async function predict(session: InferenceSession, request: PredictRequest): Promise<Float32Array<ArrayBuffer>> {
  const { contract } = request;
  const { tensors, sent } = feedsOf(request, contract);
  // Only what is wanted: other outputs need not even be computed.
  const wanted = contract.answer.outputs.map(({ name }) => name);
  const answers = await session.run(tensors, wanted, { logSeverityLevel: FATAL_ONLY });
  return answersIn(answers, contract, sent, request.count);
}
