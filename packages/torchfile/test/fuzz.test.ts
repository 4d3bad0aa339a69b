import fc from 'fast-check';
import {
  bufferSource,
  moduleStateDict,
  openPartition,
  openTorchFile,
  readModuleTree,
  readStateDict,
  TorchFileError,
  type TensorRef,
} from '../src/index.ts';
import { counted, goldenBytes } from './golden-files.ts';

const FILES = [
  'tensors.pt',
  'module.pt',
  'checkpoint.pt',
  'partition-empty.pt',
  'partition-protocol5.pt',
  'partition-deflated.pt',
  'complex.pt',
  'sparse.pt',
  'legacy.pt',
  'torchscript.pt',
];
/** Where the structure of a file is: its pickle and its central directory. What lies between is mostly elements. */
const STRUCTURE_BYTES = 3000;
const RUNS = 60;

/** Bytes are set, flipped, cut out, doubled or put in. */
interface Edit {
  readonly kind: 'set' | 'flip' | 'cut' | 'double' | 'insert';
  /** From the beginning, or from the end when negative. */
  readonly at: number;
  readonly value: number;
  readonly length: number;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('set', 'set', 'flip', 'flip', 'cut', 'double', 'insert'),
  at: fc.integer({ min: -STRUCTURE_BYTES, max: STRUCTURE_BYTES }),
  value: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 })),
  length: fc.integer({ min: 1, max: 64 }),
});

function edited(bytes: Buffer, { kind, at, value, length }: Edit): Buffer {
  const position = Math.min(Math.max(at < 0 ? bytes.byteLength + at : at, 0), Math.max(bytes.byteLength - 1, 0));
  const [head, tail] = [bytes.subarray(0, position), bytes.subarray(position)];
  switch (kind) {
    case 'set':
      return Buffer.concat([head, Buffer.of(value), tail.subarray(1)]);
    case 'flip':
      return Buffer.concat([head, Buffer.of((tail[0] ?? 0) ^ (1 << (value % 8))), tail.subarray(1)]);
    case 'cut':
      return Buffer.concat([head, tail.subarray(length)]);
    case 'double':
      return Buffer.concat([head, tail.subarray(0, length), tail]);
    case 'insert':
      return Buffer.concat([head, Buffer.alloc(length, value), tail]);
  }
}

/** Sets every CRC-32 of the directory to "not computed", so that edits reach the code behind that check. */
function withoutSums(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const signature = Buffer.from('504b0102', 'hex');
  for (let at = copy.indexOf(signature); at >= 0; at = copy.indexOf(signature, at + 4)) {
    if (at + 20 <= copy.byteLength) copy.writeUInt32LE(0, at + 16);
  }
  return copy;
}

/** Everything the package can do with a file. */
async function useFully(bytes: Buffer): Promise<number> {
  const source = counted(bufferSource('fuzzed.pt', bytes));
  const attempts = [
    async () => {
      const partition = await openPartition(source);
      if (partition.count <= 1000) await partition.read(0, partition.count);
    },
    async () => {
      const file = await openTorchFile(source);
      for (const refs of [() => readStateDict(file).tensors, () => moduleStateDict(readModuleTree(file))]) {
        for (const ref of found(refs)) await typed(() => file.tensor(ref));
      }
    },
  ];
  for (const attempt of attempts) await typed(attempt);
  return source.reads.reduce((sum, [start, end]) => sum + end - start, 0);
}

function found(refs: () => ReadonlyMap<string, TensorRef>): TensorRef[] {
  try {
    return [...refs().values()];
  } catch (error) {
    if (!(error instanceof TorchFileError)) throw error;
    return [];
  }
}

/** Success or a typed error that names the file; anything else fails the test. */
async function typed(attempt: () => Promise<unknown>): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof TorchFileError) || !error.message.startsWith('fuzzed.pt')) throw error;
  }
}

describe('whatever is changed in a file', () => {
  it.each(FILES)('%s is read or refused with a typed error, within a few times its size', async (name) => {
    const original = goldenBytes(name);
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 6 }), fc.boolean(), async (edits, sums) => {
        const bytes = edits.reduce(edited, sums ? original : withoutSums(original));
        // Each tensor may read its storage anew; several share one in these files.
        expect(await useFully(bytes)).toBeLessThanOrEqual(20 * (bytes.byteLength + 65_536));
      }),
      { numRuns: RUNS * Number(process.env.FUZZ_FACTOR ?? 1), seed: Number(process.env.FUZZ_SEED ?? 1) },
    );
  });
});
