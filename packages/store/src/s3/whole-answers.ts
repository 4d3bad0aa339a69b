import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { S3Client } from '@aws-sdk/client-s3';

/** Documents that S3 answers with. The SDK takes what isn't there for an empty list. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  ListObjectsV2Command: 'ListBucketResult',
  DeleteObjectsCommand: 'DeleteResult',
  CreateMultipartUploadCommand: 'InitiateMultipartUploadResult',
};

/** What the SDK hands from the network to the reading of it. */
interface Received {
  readonly response: { statusCode: number; body: Readable | Uint8Array };
}

/**
 * Lets a client try again where an answer of status 200 is none: an error inside, a document that breaks off, nothing at all, the
 * page of a proxy. What stays so is an error.
 */
export function requireWholeAnswers(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const result = await next(args);
        const document = DOCUMENTS[commandName];
        const { response } = result as Received;
        if (document === undefined || response.statusCode !== 200) return result;
        const bytes = response.body instanceof Uint8Array ? Buffer.from(response.body) : await buffer(response.body);
        response.body = Readable.from([bytes], { objectMode: false });
        const found = rootOf(bytes);
        // As if the status had said it: the SDK reads the code and the message then, and tries again.
        if (found?.name === 'Error' && found.isWhole) response.statusCode = 503;
        else if (found?.name !== document || !found.isWhole) throw new WrongAnswer(document, bytes, found);
        return result;
      },
    // Between the network and the SDK's own reading, which is of normal priority.
    { step: 'deserialize', name: 'requireWholeAnswers', priority: 'low' },
  );
  return client;
}

/** The SDK tries again what has this field. */
class WrongAnswer extends Error {
  readonly $retryable = {};

  constructor(document: string, bytes: Buffer, found: Root | undefined) {
    const size = `after ${bytes.length} bytes`;
    super(
      found?.name === document
        ? `the answer breaks off ${size}`
        : `the answer is no ${document}: ${bytes.length === 0 ? 'it is empty' : JSON.stringify(bytes.toString('utf8', 0, 80))}`,
    );
    this.name = 'WrongAnswer';
  }
}

interface Root {
  readonly name: string;
  /** Whether its end is there. */
  readonly isWhole: boolean;
}

/** The root element of an XML document. */
function rootOf(bytes: Buffer): Root | undefined {
  const text = bytes.toString();
  const [, tag, name, rest = ''] = /^\s*(?:<\?xml[^>]*\?>\s*)?<((?:[\w-]+:)?(\w+))([^>]*>)?/.exec(text) ?? [];
  if (tag === undefined || name === undefined) return undefined;
  return { name, isWhole: rest.endsWith('/>') || text.trimEnd().endsWith(`</${tag}>`) };
}
