import { randomBytes } from 'node:crypto';
import { sendToDaemon } from './daemon.ts';
import { traceContext } from './trace-context.ts';

export type Annotation = string | number | boolean;
/** Adds annotations: names of letters, digits and underscores, by which the X-Ray console finds traces. */
export type Annotate = (annotations: Readonly<Record<string, Annotation>>) => void;

/**
 * Does the work of an invocation as a subsegment of the segment that Lambda writes of it, with annotations; a failure is
 * told as fault. Does nothing but the work where nobody traces: outside Lambda, or when this request isn't sampled.
 *
 * Document: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
 *
 * @param name of the subsegment, as the trace shows it
 */
export async function traced<T>(
  name: string,
  work: (annotate: Annotate) => Promise<T>,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<T> {
  const context = traceContext(environment);
  if (context === undefined) return await work(() => undefined);
  const { daemon, traceId, parentId } = context;
  const annotations: Record<string, Annotation> = {};
  const start = epochSeconds();
  const end = async (failure: object) => {
    await sendToDaemon(daemon, {
      type: 'subsegment',
      id: randomBytes(8).toString('hex'),
      trace_id: traceId,
      parent_id: parentId,
      name,
      start_time: start,
      end_time: epochSeconds(),
      annotations,
      ...failure,
    });
  };
  try {
    const result = await work((more) => void Object.assign(annotations, more));
    await end({});
    return result;
  } catch (error) {
    await end({ fault: true, cause: { exceptions: [exceptionOf(error)] } });
    throw error;
  }
}

function epochSeconds(): number {
  return Date.now() / 1000;
}

function exceptionOf(error: unknown) {
  const id = randomBytes(8).toString('hex');
  return error instanceof Error
    ? { id, type: error.name, message: error.message }
    : { id, type: 'Error', message: String(error) };
}
