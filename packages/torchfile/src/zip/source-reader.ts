import yauzl from 'yauzl';
import type { ByteSource } from '@cosmicai/store';
import { readExactly } from '../read-exactly.ts';
import { TorchFileError } from '../errors.ts';

type Done = (error: Error | null, bytesRead?: number) => void;

/** Lets yauzl read from a ByteSource, and remembers where it read last: its own errors name no offset. */
export class SourceReader extends yauzl.RandomAccessReader {
  lastPosition = 0;
  /** The source's own error (network, abort); it must reach the caller as it is, not as "damaged zip". */
  sourceFailure: { readonly error: unknown } | undefined;
  /** Rejects when yauzl itself throws: its callbacks run outside any promise, where a throw would end the process. */
  readonly thrown: Promise<never>;
  readonly #source: ByteSource;
  readonly #reject: (error: unknown) => void;

  constructor(source: ByteSource) {
    super();
    this.#source = source;
    let fail: (error: unknown) => void = () => undefined;
    this.thrown = new Promise((_resolve, reject) => (fail = reject));
    this.thrown.catch(() => undefined);
    this.#reject = fail;
  }

  override read(buffer: Buffer, offset: number, length: number, position: number, done: Done): void {
    this.lastPosition = position;
    readExactly(this.#source, position, position + length).then(
      (bytes) => {
        buffer.set(bytes, offset);
        this.#answer(() => done(null, bytes.byteLength));
      },
      (error: unknown) => {
        if (!(error instanceof TorchFileError)) this.sourceFailure ??= { error };
        this.#answer(() => done(error as Error));
      },
    );
  }

  #answer(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#reject(error);
    }
  }
}
