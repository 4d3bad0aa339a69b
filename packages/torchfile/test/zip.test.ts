import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import {
  bufferSource,
  MalformedTorchFileError,
  TorchFileLimitError,
  UnsupportedTorchFileError,
  type ByteSource,
} from '../src/index.ts';
import { readExactly } from '../src/read-exactly.ts';
import { centralDirectory, dataDescriptor, localHeader } from '../src/write/zip-headers.ts';
import { Checksums } from '../src/zip/checksums.ts';
import { readContent } from '../src/zip/content.ts';
import { combineCrc32 } from '../src/zip/crc32-combine.ts';
import { dataStart, localName, readZipDirectory, type ZipEntry } from '../src/zip/directory.ts';
import { RangeSum } from '../src/zip/range-sum.ts';

const FULL = 0xffffffff;
/** zlib.crc32(b'\x01' + bytes(5 * 2**30)) of Python. */
const ONE_AND_5_GIB = 0xa0ecc97f;

interface Part {
  readonly name: string;
  readonly data: Buffer;
  readonly method?: number;
  readonly flags?: number;
  /** What the directory says, where that is not what is so. */
  readonly says?: {
    readonly offset?: number;
    readonly compressed?: number;
    readonly size?: number;
    readonly crc?: number;
  };
  readonly extra?: Buffer;
}

/** A zip of these parts, described in the directory in the order of `directory`. */
function zip(parts: readonly Part[], directory: readonly number[] = parts.map((_, index) => index)): Buffer {
  const offsets: number[] = [];
  const locals = parts.map(({ name, data, extra = Buffer.alloc(0) }, index) => {
    offsets.push(index === 0 ? 0 : offsets[index - 1]! + lengths[index - 1]!);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(Buffer.byteLength(name), 26);
    header.writeUInt16LE(extra.length, 28);
    const local = Buffer.concat([header, Buffer.from(name), extra, data]);
    lengths.push(local.length);
    return local;
  });
  const records = directory.map((index) => {
    const { name, data, method = 0, flags = 0x800, says = {} } = parts[index]!;
    const record = Buffer.alloc(46);
    record.writeUInt32LE(0x02014b50, 0);
    record.writeUInt16LE(flags, 8);
    record.writeUInt16LE(method, 10);
    record.writeUInt32LE(says.crc ?? crc32(data), 16);
    record.writeUInt32LE(says.compressed ?? data.length, 20);
    record.writeUInt32LE(says.size ?? data.length, 24);
    record.writeUInt16LE(Buffer.byteLength(name), 28);
    record.writeUInt32LE(says.offset ?? offsets[index]!, 42);
    return Buffer.concat([record, Buffer.from(name)]);
  });
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(records.length, 8);
  end.writeUInt16LE(records.length, 10);
  end.writeUInt32LE(Buffer.concat(records).length, 12);
  end.writeUInt32LE(Buffer.concat(locals).length, 16);
  return Buffer.concat([...locals, ...records, end]);
}
const lengths: number[] = [];
beforeEach(() => {
  lengths.length = 0;
});

const source = (bytes: Buffer): ByteSource => bufferSource('z.pt', bytes);
const read = (bytes: Buffer, most = 100) => readZipDirectory(source(bytes), most);
const part = (name: string, changes: Partial<Part> = {}): Part => ({
  name,
  data: Buffer.from(`of ${name}`),
  ...changes,
});
const three = [part('a'), part('bé'), part('c')];

async function contentOf(bytes: Buffer, name: string): Promise<string> {
  const entries = await read(bytes);
  const checksums = new Checksums(source(bytes), entries.values(), true);
  const content = await readContent(source(bytes), entries.get(name)!, { name: 'most', bytes: 1000 }, checksums);
  return Buffer.from(content.bytes).toString();
}

describe('a directory', () => {
  it('tells of each entry what its header and the next one say', async () => {
    const bytes = zip(three);
    const entries = await read(bytes);
    expect([...entries.keys()]).toEqual(['a', 'bé', 'c']);
    expect(entries.get('bé')).toEqual({
      name: 'bé',
      method: 'stored',
      compressedSize: 6,
      size: 6,
      crc32: crc32('of bé'),
      headerOffset: 35,
      endLimit: 35 + 30 + 3 + 6,
    });
    expect(entries.get('c')!.endLimit).toBe(bytes.length);
    expect(await localName(source(bytes), entries.get('bé')!)).toBe('bé');
  });

  it('may name its entries in any order', async () => {
    const bytes = zip(three, [2, 0, 1]);
    expect([...(await read(bytes)).keys()]).toEqual(['a', 'bé', 'c']);
    for (const { name } of three) expect(await contentOf(bytes, name)).toBe(`of ${name}`);
  });

  it.each([
    ['in order', [0, 1, 2]],
    ['backwards', [2, 1, 0]],
    ['shuffled', [1, 0, 2]],
  ])('that lets an entry run into the next is refused, its entries %s', async (_, order) => {
    const fits = zip([part('a'), part('b', { data: Buffer.alloc(8) }), part('c')], order);
    expect((await read(fits)).size).toBe(3);
    const over = zip(
      [part('a'), part('b', { data: Buffer.alloc(8), says: { compressed: 9, size: 9 } }), part('c')],
      order,
    );
    await expect(read(over)).rejects.toThrow(
      new MalformedTorchFileError('z.pt', 35, 'zip entry b runs into the next entry or over the end of the file'),
    );
  });

  it('that lets the last entry run over the end of the file is refused', async () => {
    const of = (size: number) => zip([part('a', { says: { compressed: size, size } })]);
    const whole = zip([part('a')]).length;
    expect((await read(of(whole - 31))).size).toBe(1);
    await expect(read(of(whole - 30))).rejects.toThrow('runs into the next entry or over the end');
  });

  it.each([
    ['encrypted', { flags: 0x801, method: 8 }, 'method 8'],
    ['packed with what torch never uses', { method: 12 }, 'method 12'],
  ])('of an entry that is %s is refused', async (_, changes, method) => {
    const reading = read(zip([part('a', changes)]));
    await expect(reading).rejects.toBeInstanceOf(UnsupportedTorchFileError);
    await expect(reading).rejects.toThrow(
      `zip entry a is encrypted or compressed with ${method}; only stored and deflated entries are read. Write the file again without that`,
    );
  });

  it('that names an entry twice is refused at the second', async () => {
    await expect(read(zip([part('a'), part('a')]))).rejects.toThrow('z.pt, byte 35: zip entry a occurs twice');
  });

  it('may have as many entries as allowed', async () => {
    expect((await read(zip(three), 3)).size).toBe(3);
    const reading = read(zip(three), 2);
    await expect(reading).rejects.toBeInstanceOf(TorchFileLimitError);
    await expect(reading).rejects.toThrow(/the zip claims 3 entries.*maxEntries is 2/);
  });

  it('cut anywhere is refused with the place, and never half read', async () => {
    const bytes = zip(three);
    for (let length = 0; length < bytes.length; length++) {
      const reading = read(bytes.subarray(0, length));
      await expect(reading).rejects.toBeInstanceOf(MalformedTorchFileError);
      await expect(reading).rejects.toThrow(/^z\.pt, byte \d+: /);
    }
  });

  it('hands on why the zip is damaged', async () => {
    const error = await read(Buffer.alloc(40)).catch((caught: unknown) => caught as MalformedTorchFileError);
    expect(error).toMatchObject({ message: expect.stringMatching(/: damaged zip: .+/) as string });
    expect((error as Error).cause).toBeInstanceOf(Error);
  });
});

describe('the data of an entry', () => {
  const entryOf = async (bytes: Buffer, name: string): Promise<ZipEntry> => (await read(bytes)).get(name)!;

  it('begin behind the name and the padding of its own header', async () => {
    const bytes = zip([part('a', { extra: Buffer.alloc(300) }), part('b')]);
    expect(await dataStart(source(bytes), await entryOf(bytes, 'a'))).toBe(30 + 1 + 300);
    expect(await contentOf(bytes, 'a')).toBe('of a');
  });

  it('are refused where the header is none', async () => {
    const bytes = zip(three);
    const entry = await entryOf(bytes, 'bé');
    bytes[35] = 0;
    await expect(dataStart(source(bytes), entry)).rejects.toThrow('z.pt, byte 35: no local header of zip entry bé');
  });

  it('are refused where the header makes them overlap the next entry', async () => {
    const bytes = zip(three);
    const entry = await entryOf(bytes, 'bé');
    expect(await dataStart(source(bytes), entry)).toBe(68);
    bytes.writeUInt16LE(1, 35 + 28);
    await expect(dataStart(source(bytes), entry)).rejects.toThrow(
      'z.pt, byte 69: the data of zip entry bé overlap the next entry',
    );
  });

  it.each([29, 0, 15])('are refused where the file ends after %d bytes of the header', async (length) => {
    const bytes = zip(three);
    const entry = await entryOf(bytes, 'c');
    await expect(dataStart(source(bytes.subarray(0, entry.headerOffset + length)), entry)).rejects.toThrow(
      /^z\.pt, byte 74: needs bytes 74 to 104, but the file has \d+: it is truncated or damaged$/,
    );
  });

  it('may be as many as the limit, packed and unpacked', async () => {
    const bytes = zip(three);
    const entry = await entryOf(bytes, 'a');
    const within = (limit: number, changes: Partial<ZipEntry> = {}) =>
      readContent(
        source(bytes),
        { ...entry, ...changes },
        { name: 'maxThings', bytes: limit },
        new Checksums(source(bytes), [], true),
      );
    expect((await within(4)).start).toBe(31);
    for (const reading of [within(3), within(4, { compressedSize: 5 }), within(4, { size: 5 })]) {
      await expect(reading).rejects.toBeInstanceOf(TorchFileLimitError);
      await expect(reading).rejects.toThrow(/^z\.pt, byte 0: zip entry a has \d bytes.*maxThings is \d/);
    }
  });
});

describe('sums of entries', () => {
  const MANY = 16 * 1024 * 1024;

  it('are there as soon as one of them is not 0', () => {
    const present = (...sums: number[]) =>
      new Checksums(
        source(zip(three)),
        sums.map((sum) => ({ crc32: sum }) as ZipEntry),
        true,
      ).present;
    expect([present(0, 0), present(0, 7), present()]).toEqual([false, true, false]);
  });

  it('that are not wanted are not compared', async () => {
    const bytes = zip([part('a', { says: { crc: 1 } })]);
    const entries = await read(bytes);
    const check = (wanted: boolean) =>
      new Checksums(source(bytes), entries.values(), wanted).check(entries.get('a')!, 31, Buffer.from('of a'));
    await check(false);
    await expect(check(true)).rejects.toThrow(
      "z.pt, byte 31: the bytes of zip entry a don't fit their CRC-32; the file was damaged when it was stored or copied. Copy it again from where it is sound",
    );
  });

  /** Sums of the entry when only `seen` bytes of it have passed. */
  async function passing(seen: readonly (readonly [number, number])[], source: ByteSource, entry: ZipEntry) {
    const check = new Checksums(source, [entry], true).passing();
    for (const [from, to] of seen) check.saw(entry, from, new Uint8Array(to - from));
    return check.finish();
  }

  /** A source of zeros behind one header, that counts what it is asked for. */
  function zeros(size: number): { source: ByteSource; entry: ZipEntry; asked: [number, number][] } {
    const asked: [number, number][] = [];
    const header = localHeader({ name: 'n', size, headerOffset: 0 });
    let sum = 0;
    for (let at = 0; at < size; at += 2 ** 20) sum = crc32(new Uint8Array(Math.min(2 ** 20, size - at)), sum);
    const entry: ZipEntry = {
      name: 'n',
      method: 'stored',
      compressedSize: size,
      size,
      crc32: sum,
      headerOffset: 0,
      endLimit: header.length + size,
    };
    return {
      asked,
      entry,
      source: {
        name: 'zeros.pt',
        size: header.length + size,
        async read(start, end) {
          if (start >= header.length) asked.push([start - header.length, end - header.length]);
          const bytes = new Uint8Array(end - start);
          bytes.set(header.subarray(start, end));
          return bytes;
        },
      },
    };
  }

  it('are completed by reading what is left, 4 MiB at a time', async () => {
    const { source, entry, asked } = zeros(MANY + 10);
    expect(
      await passing(
        [
          [5, 10],
          [10, 15],
        ],
        source,
        entry,
      ),
    ).toEqual([]);
    const MIB4 = 4 * 1024 * 1024;
    expect(asked).toEqual([
      [0, 5],
      [15, 15 + MIB4],
      [15 + MIB4, 15 + 2 * MIB4],
      [15 + 2 * MIB4, 15 + 3 * MIB4],
      [15 + 3 * MIB4, MANY + 10],
    ]);
  });

  it('are left where more is missing than was seen, and more than 16 MiB', async () => {
    const { source, entry, asked } = zeros(MANY + 10);
    expect(await passing([[0, 9]], source, entry)).toEqual(['n']);
    expect(asked).toEqual([]);
    const large = zeros(2 * MANY + 8);
    expect(await passing([[0, MANY + 3]], large.source, large.entry)).toEqual(['n']);
    expect(await passing([[0, MANY + 4]], large.source, large.entry)).toEqual([]);
  });

  it('of nothing that passed are not compared', async () => {
    const { source, entry } = zeros(4);
    const check = new Checksums(source, [{ ...entry, crc32: 1 }], true).passing();
    expect(await check.finish()).toEqual([]);
    check.saw({ ...entry, crc32: 1 }, 0, new Uint8Array(4));
    await expect(check.finish()).rejects.toThrow("zip entry n don't fit");
    const off = new Checksums(source, [{ ...entry, crc32: 1 }], false).passing();
    off.saw(entry, 0, new Uint8Array(4));
    expect(await off.finish()).toEqual([]);
  });

  it.each([
    ['two small entries', [part('a'), part('b')], true],
    ['one', [part('a')], false],
    ['a small one and an empty one', [part('a'), part('b', { data: Buffer.alloc(0), says: { crc: 5 } })], false],
    ['a small one and one of 4,097 bytes', [part('a'), part('b', { data: Buffer.alloc(4097) })], false],
    ['a small one and one of 4,096 bytes', [part('a'), part('b', { data: Buffer.alloc(4096) })], true],
    ['a small one and a packed one', [part('a'), part('b', { method: 8 })], false],
  ])('that are wrong in %s: written without sums, or damaged', async (_, parts, throughout) => {
    const bytes = zip(parts.map((each) => ({ ...each, says: { crc: 7 } })));
    const entries = await read(bytes);
    const checking = new Checksums(source(bytes), entries.values(), true).check(
      entries.get('a')!,
      31,
      Buffer.from('of a'),
    );
    await expect(checking).rejects.toThrow(
      throughout
        ? "don't fit their CRC-32; so are those of the other entries: the file was probably written with torch.serialization.set_crc32_options(False). Read on without sums with --no-crc (check_crc: false in a payload), or save it again with them"
        : 'damaged when it was stored or copied',
    );
  });

  it('are tried of eight small entries at most', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
    const verdict = async (soundAt: number) => {
      const parts = names.map((name, at) => part(name, at === soundAt ? {} : { says: { crc: 7 } }));
      const bytes = zip(parts);
      const entries = await read(bytes);
      const wrong = entries.get('a')!;
      return new Checksums(source(bytes), entries.values(), true).check(wrong, 31, Buffer.from('x')).catch(String);
    };
    expect(await verdict(7)).toContain('damaged');
    expect(await verdict(8)).toContain('set_crc32_options');
  });
});

describe('a CRC-32 of pieces', () => {
  const bytes = fc.uint8Array({ maxLength: 40 });

  it('is that of the whole, of two runs one after the other', () => {
    fc.assert(
      fc.property(bytes, bytes, (first, second) => {
        const whole = Buffer.concat([first, second]);
        expect(combineCrc32(crc32(first), crc32(second), second.length)).toBe(crc32(whole));
      }),
      { seed: 1 },
    );
    const gigabytes = 5 * 2 ** 30;
    let zeros = crc32(new Uint8Array(5));
    for (let length = 5; length < gigabytes; length *= 2) zeros = combineCrc32(zeros, zeros, length);
    expect(combineCrc32(crc32(Uint8Array.of(1)), zeros, gigabytes)).toBe(ONE_AND_5_GIB);
  });

  it('is that of the whole in whatever order and how often they come, and tells what is missing', () => {
    const pieces = fc.array(fc.tuple(fc.nat(40), fc.nat(12)), { maxLength: 12 });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), pieces, (whole, drawn) => {
        const sum = new RangeSum(whole.length);
        const seen = new Set<number>();
        for (const [at, length] of drawn) {
          const from = Math.min(at, whole.length);
          const to = Math.min(from + length, whole.length);
          sum.add(from, whole.subarray(from, to));
          for (let byte = from; byte < to; byte++) seen.add(byte);
        }
        const missing = [...whole.keys()].filter((byte) => !seen.has(byte));
        const ranges = sum.missing();
        expect(ranges.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, k) => from + k))).toEqual(
          missing,
        );
        for (const [k, { from }] of ranges.entries()) if (k > 0) expect(from).toBeGreaterThan(ranges[k - 1]!.to);
        if (missing.length > 0) expect(() => sum.value).toThrow(new RangeError('a CRC-32 of which bytes are missing'));
        for (const { from, to } of ranges) sum.add(from, whole.subarray(from, to));
        expect(sum.missing()).toEqual([]);
        expect(sum.value).toBe(crc32(whole));
      }),
      { numRuns: 400, seed: 2 },
    );
    expect(new RangeSum(0).value).toBe(0);
    expect(new RangeSum(0).missing()).toEqual([]);
  });
});

// Packed by Python's struct from the tables of PKWARE's APPNOTE and the fields that torch.save sets.
describe('the headers that are written', () => {
  it.each([
    [
      { name: 'a/data/0', headerOffset: 0, size: 5 },
      `504b03041400080800000000210000000000000000000000000008001a00612f646174612f3046421600${'5a'.repeat(22)}`,
    ],
    [
      { name: 'a/data/0', headerOffset: 100, size: 5 },
      `504b03041400080800000000210000000000000000000000000008003600612f646174612f3046423200${'5a'.repeat(50)}`,
    ],
    [
      { name: 'a/é', headerOffset: 18, size: FULL - 1 },
      `504b03041400080800000000210000000000000000000000000004000c00612fc3a946420800${'5a'.repeat(8)}`,
    ],
    [
      { name: 'a/b', headerOffset: 30, size: FULL },
      `504b03042d00080800000000210000000000ffffffffffffffff03004100612f6201001000${'00'.repeat(16)}46422900${'5a'.repeat(41)}`,
    ],
  ])('before the data of %j', (entry, hex) => {
    expect(localHeader(entry).toString('hex')).toBe(hex);
  });

  it('behind the data', () => {
    const after = (size: number) => dataDescriptor({ name: 'a', headerOffset: 0, size }, 0x89abcdef).toString('hex');
    expect(after(5)).toBe('504b0708efcdab890500000005000000');
    expect(after(FULL - 1)).toBe('504b0708efcdab89fefffffffeffffff');
    expect(after(FULL)).toBe('504b0708efcdab89ffffffff00000000ffffffff00000000');
  });

  const entry = (name: string, headerOffset: number, size: number, sum: number) => ({
    name,
    headerOffset,
    size,
    crc32: sum,
  });

  it.each([
    [
      'two small entries',
      [entry('a/b', 0, 5, 1), entry('a/c', 64, 7, 0x89abcdef)],
      200,
      '504b0102140014000808000000002100010000000500000005000000030000000000000000000000000000000000612f62504b0102140014000808000000002100efcdab890700000007000000030000000000000000000000000040000000612f63504b0506000000000200020062000000c80000000000',
    ],
    [
      'sizes and offsets on both sides of 4 GiB',
      [entry('a/b', FULL, FULL, 1), entry('a/c', FULL - 1, FULL - 1, 2), entry('a/d', FULL, 3, 2)],
      FULL - 1,
      '504b01022d002d00080800000000210001000000ffffffffffffffff03001c0000000000000000000000ffffffff612f6201001800ffffffff00000000ffffffff00000000ffffffff00000000504b010214001400080800000000210002000000fefffffffeffffff0300000000000000000000000000feffffff612f63504b01022d002d00080800000000210002000000030000000300000003000c0000000000000000000000ffffffff612f6401000800ffffffff00000000504b05060000000003000300bb000000feffffff0000',
    ],
    [
      'a directory beyond 4 GiB',
      [entry('a/b', 0, 5, 1)],
      FULL,
      '504b0102140014000808000000002100010000000500000005000000030000000000000000000000000000000000612f62504b06062c000000000000002d002d000000000000000000010000000000000001000000000000003100000000000000ffffffff00000000504b060700000000300000000100000001000000504b0506000000000100010031000000ffffffff0000',
    ],
  ])('at the end, of %s', (_, entries, start, hex) => {
    expect(centralDirectory(entries, start).toString('hex')).toBe(hex);
  });

  it.each([
    [65_534, 'f03954c42da4b24e80620bc9e5c0d13538ee70ce3f01dae59f1245a42094bc2e'],
    [65_535, 'b789145fa44daac326806fecd2274d22a18dd18666ef57b8a7a46c56efdb8a21'],
  ])('at the end, of %d entries', (count, sha256) => {
    const entries = Array.from({ length: count }, () => entry('a', 0, 5, 1));
    expect(createHash('sha256').update(centralDirectory(entries, 9)).digest('hex')).toBe(sha256);
  });
});

describe('bytes of a file', () => {
  const whole = source(Buffer.from('0123456789'));

  it('are exactly those that were asked for', async () => {
    expect(Buffer.from(await readExactly(whole, 2, 5)).toString()).toBe('234');
    expect(Buffer.from(await readExactly(whole, 0, 10)).toString()).toBe('0123456789');
    expect(await readExactly(whole, 10, 10)).toHaveLength(0);
  });

  it.each([
    [-1, 3],
    [5, 4],
    [8, 11],
    [NaN, 3],
    [0, NaN],
  ])('from %d to %d are none', async (start, end) => {
    await expect(readExactly(whole, start, end)).rejects.toThrow(
      `z.pt, byte ${start}: needs bytes ${start} to ${end}, but the file has 10: it is truncated or damaged`,
    );
  });

  it('that are too few say that the file has changed', async () => {
    const short: ByteSource = { ...whole, read: async () => new Uint8Array(2) };
    await expect(readExactly(short, 2, 5)).rejects.toThrow(
      'z.pt, byte 2: asked for 3 bytes and got 2: the file changed while it was read',
    );
    // Nothing is not asked for.
    expect(await readExactly({ ...whole, read: () => Promise.reject(new Error('asked')) }, 3, 3)).toHaveLength(0);
  });

  it('are not asked for when nobody waits any more', async () => {
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(readExactly(whole, 0, 1, { signal })).rejects.toThrow('stopped');
  });
});
