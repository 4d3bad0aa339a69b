import { deflateRawSync } from 'node:zlib';
import {
  bufferSource,
  MalformedTorchFileError,
  openPartition,
  openTorchFile,
  PickleWriter,
  readModuleTree,
  readStateDict,
  torchFileStream,
  TorchFileError,
  TorchFileLimitError,
  UnsupportedTorchFileError,
  type ByteSource,
  type StorageInput,
  type TorchFileLimits,
} from '../src/index.ts';
import { collect, goldenBytes } from './golden-files.ts';

/** A torch file around a hand-made pickle. */
async function fileOf(pickle: Uint8Array, storages: StorageInput[] = []): Promise<ByteSource> {
  return bufferSource('hostile.pt', await collect(torchFileStream(pickle, storages)));
}

async function openPickle(text: string, limits?: Partial<TorchFileLimits>) {
  return openTorchFile(await fileOf(Buffer.from(text, 'latin1')), limits);
}

const MODULE_STATE = '(X\x08\x00\x00\x00_modules}';

describe('hostile pickles', () => {
  it.each([
    ['an empty pickle', '', 'needs 1 more bytes'],
    ['no protocol', 'N.', 'does not begin with a protocol number'],
    ['no end', '\x80\x02N', 'needs 1 more bytes'],
    ['an empty stack', '\x80\x02.', 'its stack is empty'],
    ['values left over', '\x80\x02NN.', 'more than one value'],
    ['a mark left over', '\x80\x02(N.', 'more than one value'],
    ['no mark', '\x80\x02t.', 'there is no mark'],
    ['a pop below the mark', '\x80\x02N(0' + '00.', 'its stack is empty'],
    ['a tuple across the mark', '\x80\x02N(N\x86.', 'its stack is empty'],
    ['an unset memo', '\x80\x02h\x07.', 'memo 7 was never set'],
    ['a text of 4 GB', '\x80\x02X\xff\xff\xff\xffabc.', 'needs 4294967295 more bytes'],
    ['bytes of 2^64', '\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff.', 'more bytes'],
    ['a frame of 2^63', '\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x80N.', 'a frame of'],
    ['an integer of 2 GB', '\x80\x02\x8b\x00\x00\x00\x80.', 'an integer of 2147483648 bytes'],
    ['text that is no UTF-8', '\x80\x02X\x01\x00\x00\x00\xff.', 'no UTF-8'],
    ['a name without an end', '\x80\x02cos', 'a name without an end'],
    ['a call of a number', '\x80\x02K\x01)R.', 'it calls 1, which is neither a class nor a function'],
    ['arguments that are no tuple', '\x80\x02cos\nsystem\nNR.', 'arguments of system are None'],
    ['items set in a list', '\x80\x02]NNs.', 'it sets items of a list'],
    ['a key without a value', '\x80\x02}(Nu.', 'a key without a value'],
    ['an append to a tuple', '\x80\x02)Na.', 'it appends to a tuple'],
    ['state of a dict', '\x80\x02}}b.', 'it sets the state of a dict'],
    ['state set twice', '\x80\x02cos\nsystem\n)R}b}b.', 'twice'],
    ['a global without a name', '\x80\x04NN\x93.', 'a global without a name'],
  ])('%s is refused', async (_, pickle, problem) => {
    const opening = openPickle(pickle);
    await expect(opening).rejects.toBeInstanceOf(MalformedTorchFileError);
    await expect(opening).rejects.toThrow(problem);
    await expect(opening).rejects.toThrow(/^hostile\.pt, byte \d+: /);
  });

  it('names the byte at which the opcode stands in the file', async () => {
    const source = await fileOf(Buffer.from('\x80\x02NN\xffN.', 'latin1'));
    const whole = await source.read(0, source.size);
    const error = await openTorchFile(source).catch((caught: unknown) => caught as TorchFileError);
    expect(error).toBeInstanceOf(UnsupportedTorchFileError);
    expect(whole[(error as TorchFileError).offset!]).toBe(0xff);
    expect((error as TorchFileError).message).toContain('opcode 0xff');
  });

  it.each(['0', '1', '6'])('protocol %s is refused', async (protocol) => {
    const pickle = `\x80${String.fromCharCode(Number(protocol))}N.`;
    await expect(openPickle(pickle)).rejects.toThrow(`pickle protocol ${protocol}`);
  });

  it.each(['(I1\n.', 'i', 'o', '\x82', '\x97', 'F1.5\n', 'S"x"\n', 'P1\n'])(
    'opcode %j is not one of torch and is refused',
    async (opcode) => {
      await expect(openPickle(`\x80\x02(${opcode}`)).rejects.toBeInstanceOf(UnsupportedTorchFileError);
    },
  );

  it('os.system stays a name', async () => {
    const { root } = await openPickle('\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.');
    expect(root).toMatchObject({ kind: 'call', callee: { module: 'posix', name: 'system' }, args: ['true'] });
  });

  it('stops at the limit of opcodes', async () => {
    const opening = openPickle('\x80\x02' + 'N0'.repeat(100) + 'N.', { maxOpcodes: 50 });
    await expect(opening).rejects.toBeInstanceOf(TorchFileLimitError);
    await expect(opening).rejects.toThrow('the limit maxOpcodes is 50');
  });

  it('stops at the limit of pickle bytes before reading them', async () => {
    const opening = openPickle('\x80\x02' + 'N0'.repeat(100) + 'N.', { maxPickleBytes: 64 });
    await expect(opening).rejects.toThrow('the limit maxPickleBytes is 64');
  });

  it('250,000 open marks do not overflow anything', async () => {
    await expect(openPickle('\x80\x02' + '('.repeat(250_000) + '.')).rejects.toBeInstanceOf(MalformedTorchFileError);
  });

  it('a dict that contains itself is opened, and no state dict', async () => {
    const file = await openPickle('\x80\x02}q\x00X\x05\x00\x00\x00modelh\x00s.');
    expect(() => readStateDict(file)).toThrow(UnsupportedTorchFileError);
  });

  it('an attribute that contains itself ends at the limit of depth', async () => {
    const file = await openPickle(`\x80\x02cm\nM\n)\x81}${MODULE_STATE}X\x01\x00\x00\x00a]q\x00h\x00aub.`);
    expect(() => readModuleTree(file)).toThrow(TorchFileLimitError);
    expect(() => readModuleTree(file)).toThrow('nested too deep');
  });

  it('a module that contains itself is refused', async () => {
    const file = await openPickle(`\x80\x02cm\nM\n)\x81q\x00}(X\x08\x00\x00\x00_modules}X\x01\x00\x00\x00ah\x00sub.`);
    expect(() => readModuleTree(file)).toThrow(MalformedTorchFileError);
    expect(() => readModuleTree(file)).toThrow('module a contains itself');
  });

  it('lists that hold each other twice, sixty levels deep, end at the limit of nodes', async () => {
    let list = ']q\x00';
    for (let level = 0; level < 60; level += 1) {
      const [inner, outer] = [String.fromCharCode(level), String.fromCharCode(level + 1)];
      list += `](h${inner}h${inner}eq${outer}`;
    }
    const file = await openPickle(`\x80\x02cm\nM\n)\x81}${MODULE_STATE}X\x01\x00\x00\x00a(${list}lub.`);
    expect(() => readModuleTree(file)).toThrow('too many parts');
  });

  it('modules that hold each other twice, sixty levels deep, are refused rather than walked', async () => {
    let pickle = `cm\nM\n)\x81}${MODULE_STATE}ubq\x00`;
    for (let level = 0; level < 60; level += 1) {
      const [inner, outer] = [String.fromCharCode(level), String.fromCharCode(level + 1)];
      pickle += `0cm\nM\n)\x81}${MODULE_STATE}(X\x01\x00\x00\x00ah${inner}X\x01\x00\x00\x00bh${inner}uubq${outer}`;
    }
    const file = await openPickle(`\x80\x02${pickle}.`);
    expect(() => readModuleTree(file)).toThrow(TorchFileLimitError);
  });
});

describe('hostile tensors', () => {
  const stored = (bytes: number): StorageInput => ({ name: '0', size: bytes, content: [new Uint8Array(bytes)] });
  const tensor = (shape: number[], strides: number[], elements: number, storage = '0') =>
    new PickleWriter()
      .opcode(0x7d)
      .text('t')
      .tensor({ dtype: 'float32', shape, strides, storage, elements })
      .opcode(0x73)
      .finish();

  it.each([
    ['a shape beyond its storage', tensor([3], [1], 2), 'in a storage of 2 elements'],
    ['strides beyond its storage', tensor([2, 2], [100, 1], 4), 'in a storage of 4 elements'],
    ['a shape whose product overflows', tensor([2 ** 40, 2 ** 40], [0, 0], 4), 'a tensor of shape'],
    ['shape and strides of different length', tensor([2, 2], [1], 4), 'different length'],
    ['a storage with a path for a name', tensor([1], [1], 1, '../../etc/passwd'), 'a storage named'],
    ['an expansion to a terabyte', tensor([2 ** 38], [0], 1), 'an expanded tensor'],
  ])('%s is refused', async (_, pickle, problem) => {
    const file = await openTorchFile(await fileOf(pickle, [stored(16)]));
    expect(() => readStateDict(file)).toThrow(TorchFileError);
    expect(() => readStateDict(file)).toThrow(problem);
  });

  it.each([
    [
      'a storage shorter than it claims',
      tensor([2 ** 30], [1], 2 ** 30),
      'needs 4294967296 bytes of data/0, which has 16',
    ],
    ['a storage that is not there', tensor([1], [1], 1, '7'), 'storage data/7 is not in the zip'],
  ])('%s is refused when the tensor is read', async (_, pickle, problem) => {
    const file = await openTorchFile(await fileOf(pickle, [stored(16)]));
    const reading = file.tensor(readStateDict(file).tensors.get('t')!);
    await expect(reading).rejects.toBeInstanceOf(MalformedTorchFileError);
    await expect(reading).rejects.toThrow(problem);
  });

  it('tensors above the limit are refused before they are read', async () => {
    const file = await openTorchFile(await fileOf(tensor([4], [1], 4), [stored(16)]), { maxTensorBytes: 8 });
    await expect(file.tensor(readStateDict(file).tensors.get('t')!)).rejects.toBeInstanceOf(TorchFileLimitError);
  });
});

describe('hostile zips', () => {
  it.each([0, 1, 3, 4, 21, 22, 100])('the first %d bytes of a file are refused', async (length) => {
    const source = bufferSource('cut.pt', goldenBytes('partition-protocol5.pt').subarray(0, length));
    await expect(openTorchFile(source)).rejects.toBeInstanceOf(MalformedTorchFileError);
  });

  it('a file cut short says so', async () => {
    const source = bufferSource('cut.pt', goldenBytes('partition.pt').subarray(0, 100_000));
    await expect(openTorchFile(source)).rejects.toThrow(/^cut\.pt, byte \d+: damaged zip: .*truncated/);
  });

  it('entries that share their bytes are refused', async () => {
    const bytes = goldenBytes('partition-protocol5.pt');
    // The directory's offset of data/2 is set to that of data/1.
    const [one, two] = [directoryEntry(bytes, 'data/1'), directoryEntry(bytes, 'data/2')];
    bytes.copy(bytes, two + 42, one + 42, one + 46);
    await expect(openTorchFile(bufferSource('overlap.pt', bytes))).rejects.toThrow('runs into the next entry');
  });

  it('a name that occurs twice is refused', async () => {
    const bytes = goldenBytes('partition-protocol5.pt');
    const two = directoryEntry(bytes, 'data/2');
    bytes.write('1', two + 46 + bytes.readUInt16LE(two + 28) - 1);
    await expect(openTorchFile(bufferSource('twice.pt', bytes))).rejects.toThrow('data/1 occurs twice');
  });

  it('a name that climbs out of its folder is refused', async () => {
    const bytes = goldenBytes('partition-protocol5.pt');
    const entry = directoryEntry(bytes, '.format_version');
    bytes.write('../', entry + 46);
    await expect(openTorchFile(bufferSource('path.pt', bytes))).rejects.toBeInstanceOf(MalformedTorchFileError);
  });

  it('a changed pickle is noticed by its CRC-32', async () => {
    const bytes = goldenBytes('partition-protocol5.pt');
    const name = bytes.indexOf('TensorDataset');
    bytes.write('X', name);
    await expect(openTorchFile(bufferSource('flip.pt', bytes))).rejects.toThrow("don't fit their CRC-32");
  });

  it('a claim of more entries than allowed is refused before they are read', async () => {
    const source = bufferSource('many.pt', goldenBytes('tensors.pt'));
    const opening = openTorchFile(source, { maxEntries: 5 });
    await expect(opening).rejects.toBeInstanceOf(TorchFileLimitError);
    await expect(opening).rejects.toThrow('the limit maxEntries is 5');
  });

  it.each([
    ['inflates beyond its size', 100, "can't inflate"],
    ['inflates to less than its size', 1_000_001, 'inflates to 1000000 bytes, its header says 1000001'],
  ])('a bomb that %s is refused', async (_, claimed, problem) => {
    const bomb = deflatedPickle(deflateRawSync(new Uint8Array(1_000_000)), claimed);
    await expect(openTorchFile(bufferSource('bomb.pt', bomb))).rejects.toThrow(problem);
  });

  it('a pickle that inflates beyond the limit is not inflated', async () => {
    const bomb = deflatedPickle(deflateRawSync(new Uint8Array(20_000_000)), 20_000_000);
    await expect(openTorchFile(bufferSource('bomb.pt', bomb))).rejects.toThrow('the limit maxPickleBytes is 8388608');
  });

  it('passes on what the source itself reports', async () => {
    const failing: ByteSource = { name: 'x.pt', size: 1000, read: () => Promise.reject(new Error('connection reset')) };
    await expect(openPartition(failing)).rejects.toThrow(/^connection reset$/);
  });
});

/** Offset of an entry in the central directory. */
function directoryEntry(bytes: Buffer, name: string): number {
  const start = bytes.lastIndexOf(name);
  return bytes.lastIndexOf(Buffer.from('504b0102', 'hex'), start);
}

/** The smallest zip with one deflated entry a/data.pkl. */
function deflatedPickle(compressed: Buffer, claimed: number): Buffer {
  const name = Buffer.from('a/data.pkl');
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(8, 8);
  local.writeUInt16LE(name.byteLength, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(8, 10);
  central.writeUInt32LE(compressed.byteLength, 20);
  central.writeUInt32LE(claimed, 24);
  central.writeUInt16LE(name.byteLength, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(local.byteLength + name.byteLength + compressed.byteLength, 16);
  return Buffer.concat([local, name, compressed, central, name, end]);
}
