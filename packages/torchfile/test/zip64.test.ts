import { centralDirectory, dataDescriptor, localHeader } from '../src/write/zip-headers.ts';
import { openTorchFile, PickleWriter, readStateDict, type ByteSource } from '../src/index.ts';

const GIB = 2 ** 30;

/** A file of which only some pieces are given; all between them is zero. */
function sparseSource(pieces: readonly { readonly at: number; readonly bytes: Uint8Array }[]): ByteSource {
  const last = pieces.at(-1)!;
  return {
    name: 'large.pt',
    size: last.at + last.bytes.byteLength,
    async read(start, end) {
      const bytes = new Uint8Array(end - start);
      for (const piece of pieces) {
        const from = Math.max(start, piece.at);
        const to = Math.min(end, piece.at + piece.bytes.byteLength);
        if (from < to) bytes.set(piece.bytes.subarray(from - piece.at, to - piece.at), from - start);
      }
      return bytes;
    },
  };
}

// The headers are put together by hand here: to write the 5 GiB between them would take a minute.
describe('files beyond 4 GiB', () => {
  it('keep their 64-bit sizes and offsets', async () => {
    const tensor = (storage: string, elements: number) =>
      ({ dtype: 'float32', shape: [elements], strides: [1], storage, elements }) as const;
    const pickle = new PickleWriter()
      .opcode(0x7d, 0x28)
      .text('large')
      .tensor(tensor('0', (5 * GIB) / 4))
      .text('small')
      .tensor(tensor('1', 3))
      .opcode(0x75)
      .finish();
    const small = new Uint8Array(Float32Array.of(1, 2, 3).buffer);
    const contents = [
      { name: 'archive/data.pkl', size: pickle.byteLength, bytes: pickle },
      { name: 'archive/data/0', size: 5 * GIB, bytes: new Uint8Array(0) },
      { name: 'archive/data/1', size: small.byteLength, bytes: small },
    ];
    const pieces: { at: number; bytes: Uint8Array }[] = [];
    const entries = [];
    let position = 0;
    for (const { name, size, bytes } of contents) {
      const entry = { name, size, headerOffset: position, crc32: 0 };
      const header = localHeader(entry);
      const descriptor = dataDescriptor(entry, 0);
      const start = position + header.byteLength;
      expect(start % 64).toBe(0);
      pieces.push({ at: position, bytes: header }, { at: start, bytes }, { at: start + size, bytes: descriptor });
      position = start + size + descriptor.byteLength;
      entries.push(entry);
    }
    pieces.push({ at: position, bytes: centralDirectory(entries, position) });

    const file = await openTorchFile(sparseSource(pieces), { maxTensorBytes: 6 * GIB });
    const { tensors } = readStateDict(file);
    expect((await file.tensor(tensors.get('small')!)).data).toEqual(Float32Array.of(1, 2, 3));
    expect(file.storage(tensors.get('large')!).size).toBe(5 * GIB);
  });
});
