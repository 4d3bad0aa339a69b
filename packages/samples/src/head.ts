import type { ByteSource } from '@cosmicai/store';

/** What readers ask for first: looking at so much costs them no request. */
const HEAD_BYTES = 64 * 1024;

export interface PeekedFile {
  /** The file's first bytes. */
  readonly head: Uint8Array;
  /** The same file. Its first read of bytes from the beginning is answered from memory, once. */
  readonly file: ByteSource;
}

/** Looks at how a file begins. */
export async function peek(file: ByteSource): Promise<PeekedFile> {
  const end = Math.min(HEAD_BYTES, file.size);
  const head = end === 0 ? new Uint8Array(0) : await file.read(0, end);
  let kept: Uint8Array | undefined = head;
  return {
    head,
    file: {
      name: file.name,
      size: file.size,
      async read(from, to, options) {
        if (kept === undefined || from !== 0 || to > end) return file.read(from, to, options);
        const answer = kept.subarray(0, to);
        kept = undefined;
        return answer;
      },
    },
  };
}
