import { deflateRawSync, crc32 } from 'node:zlib';
import { UnusableFileError } from '@cosmicai/payload';
import { bufferSource } from '@cosmicai/store';
import { galaxiesOf, openSamples } from '../src/index.ts';

const SPEC = { image: { bands: ['g'], side: 1 }, features: ['m'], truth: 'redshift' };

/** A `.npy` file. */
function npy(
  header: string,
  data: Uint8Array = new Uint8Array(0),
  { version = 1, length }: { version?: number; length?: number } = {},
): Buffer {
  const text = Buffer.from(header, 'latin1');
  const size = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) size.writeUInt16LE(length ?? text.length);
  else size.writeUInt32LE(length ?? text.length);
  return Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Buffer.of(version, 0), size, text, data]);
}

const dict = (descr: string, shape: string, fortran = 'False') =>
  `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': (${shape}), }\n`;
const floats = (count: number) => new Uint8Array(Float32Array.from({ length: count }, (_, at) => at).buffer);

interface MadeEntry {
  readonly name: string;
  readonly data: Uint8Array;
  readonly deflate?: boolean;
  /** Written into the zip in place of what is true. */
  readonly size?: number;
  readonly sum?: number;
  readonly offset?: number;
  readonly method?: number;
  readonly flags?: number;
}

/** A zip, sound or not. */
function zip(entries: readonly MadeEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const {
    name,
    data,
    deflate = false,
    size = data.length,
    sum = crc32(data),
    offset = at,
    method = deflate ? 8 : 0,
    flags = 0,
  } of entries) {
    const stored = deflate ? deflateRawSync(data) : Buffer.from(data);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(sum >>> 0, 10);
    common.writeUInt32LE(deflate ? stored.length : size, 14);
    common.writeUInt32LE(size, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), stored]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.of(20, 0), common, rest, Buffer.from(name)]));
    parts.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, central, end]);
}

const IMAGE = npy(dict("'<f4'", '2, 1, 1, 1'), floats(2));
const MAGS = npy(dict("'<f4'", '2, 1'), floats(2));
const npz = (...more: MadeEntry[]) =>
  zip([{ name: 'image.npy', data: IMAGE }, { name: 'mags.npy', data: MAGS }, ...more]);

/** A safetensors file with any header. */
function tensors(header: unknown, data = 16, length?: bigint): Buffer {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(length ?? BigInt(Buffer.byteLength(text)));
  return Buffer.concat([size, Buffer.from(text), Buffer.alloc(data)]);
}
const tensor = (shape: unknown, from: unknown, to: unknown, dtype: unknown = 'F32') => ({
  dtype,
  shape,
  data_offsets: [from, to],
});
const PIXELS = tensor([2, 1, 1, 1], 0, 8);

const CASES: readonly (readonly [name: string, bytes: Buffer, message: RegExp])[] = [
  ['npy: version 9', npy(dict("'<f4'", '2, 1, 1, 1'), floats(2), { version: 9 }), /version 9 of the format/],
  ['npy: a header longer than the file', npy('{}', new Uint8Array(0), { length: 60_000 }), /ends within its header/],
  [
    'npy: a huge header',
    npy('{}', new Uint8Array(0), { version: 2, length: 4_000_000_000 }),
    /a header of 4000000012 bytes/,
  ],
  ['npy: no dictionary', npy('hello'), /no order or no shape/],
  ['npy: no shape', npy("{'descr': '<f4', 'fortran_order': False}"), /no order or no shape/],
  ['npy: an order unheard of', npy(dict("'<f4'", '2,', 'Maybe')), /no order or no shape/],
  ['npy: a negative shape', npy(dict("'<f4'", '-2, 1'), floats(2)), /a shape of \(-2, 1\)/],
  ['npy: a shape with a point', npy(dict("'<f4'", '2.5, 1'), floats(2)), /a shape of \(2\.5, 1\)/],
  ['npy: a shape that is code', npy(dict("'<f4'", '__import__'), floats(2)), /a shape of \(__import__\)/],
  ['npy: a shape beyond all bounds', npy(dict("'<f4'", '99999999999, 99999999999'), floats(2)), /a shape of/],
  ['npy: a hundred axes', npy(dict("'<f4'", '1, '.repeat(100)), floats(1)), /a shape of/],
  [
    'npy: more elements than bytes',
    npy(dict("'<f4'", '9, 1, 1, 1'), floats(2)),
    /asks for \d+ bytes, and it has \d+: it is truncated/,
  ],
  ['npy: fewer elements than bytes', npy(dict("'<f4'", '1, 1, 1, 1'), floats(2)), /asks for/],
  ['npy: no axes', npy(dict("'<f4'", ''), floats(1)), /a row for each galaxy; found shapes \[\]/],
  ['npy: objects', npy(dict("'|O'", '2,'), floats(2)), /holds Python objects \(a pickle, which would be executed/],
  ['npy: complex numbers', npy(dict("'<c8'", '2,'), floats(4)), /is of complex numbers/],
  ['npy: dates', npy(dict("'<M8[s]'", '2,'), floats(4)), /is of dates/],
  ['npy: time spans', npy(dict("'<m8[s]'", '2,'), floats(4)), /is of time spans/],
  ['npy: raw bytes', npy(dict("'|V4'", '2,'), floats(2)), /is of raw bytes/],
  ['npy: fields', npy(dict("[('ra', '<f4')]", '2,'), floats(2)), /has fields \(a structured array\)/],
  ['npy: float128', npy(dict("'<f16'", '2,'), floats(8)), /is of <f16, which is not read; save it as float64/],
  ['npy: a type unheard of', npy(dict("'<q4'", '2,'), floats(2)), /elements of type "<q4"/],
  ['npy: no type', npy(dict("''", '2,'), floats(2)), /elements of type ""/],
  ['npy: images alone for a model with magnitudes', npy(dict("'<f4'", '2, 1, 1, 1'), floats(2)), /expected .*found 1/],
  ['npy: images in a row', npy(dict("'<f4'", '2, 1'), floats(2)), /expected/],
  [
    'npz: an object array for the id',
    npz({ name: 'id.npy', data: npy(dict("'|O'", '2,'), floats(2)) }),
    /id, which would be the id, holds Python objects/,
  ],
  [
    'npz: names of fewer objects',
    npz({ name: 'objid.npy', data: npy(dict("'<i4'", '1,'), floats(1)) }),
    /objid, which would be the id, is of shape \[1\]/,
  ],
  [
    'npz: ids with a point',
    npz({ name: 'id.npy', data: npy(dict("'<f4'", '2,'), floats(2)) }),
    /id \(float32\) can’t be the id/,
  ],
  [
    'npz: text for the truth',
    npz({ name: 'redshift.npy', data: npy(dict("'|S4'", '2,'), floats(2)) }),
    /redshift \(text\) can’t be the redshift/,
  ],
  [
    'npz: two redshifts',
    npz(
      { name: 'z.npy', data: npy(dict("'<f4'", '2,'), floats(2)) },
      { name: 'zspec.npy', data: npy(dict("'<f4'", '2,'), floats(2)) },
    ),
    /the redshift could be either of z and zspec/,
  ],
  [
    'npz: text that is no Unicode',
    npz({ name: 'id.npy', data: npy(dict("'<U1'", '2,'), Buffer.alloc(8, 255)) }),
    /id holds text that is no Unicode/,
  ],
  ['npz: an array twice', npz({ name: 'mags.npy', data: MAGS }), /mags\.npy occurs twice/],
  [
    'npz: an entry that is no array',
    npz({ name: 'x.npy', data: Buffer.from('no array at all') }),
    /x is no array of NumPy: it doesn’t begin/,
  ],
  ['npz: an empty entry', npz({ name: 'x.npy', data: Buffer.alloc(0) }), /x is no array of NumPy/],
  [
    'npz: an array that is longer than its entry',
    npz({ name: 'x.npy', data: npy(dict("'<f4'", '2,'), floats(1)) }),
    /the header of x asks for \d+ bytes, and it has/,
  ],
  ['npz: encrypted', npz({ name: 'x.npy', data: MAGS, flags: 1 }), /is encrypted|damaged zip/],
  ['npz: compressed with another method', npz({ name: 'x.npy', data: MAGS, method: 14 }), /compressed with method 14/],
  [
    'npz: entries over each other',
    npz({ name: 'x.npy', data: MAGS, offset: 3 }),
    /damaged zip|runs into the next entry|no local header/,
  ],
  [
    'npz: a wrong sum',
    npz({ name: 'redshift.npy', data: npy(dict("'<f4'", '2,'), floats(2)), sum: 7 }),
    /zip entry redshift\.npy don't fit their CRC-32/,
  ],
  [
    'npz: a wrong sum of what is compressed',
    npz({ name: 'redshift.npy', data: npy(dict("'<f4'", '2,'), floats(2)), sum: 7, deflate: true }),
    /zip entry redshift\.npy don't fit/,
  ],
  [
    'npz: more inflated than it says',
    npz({ name: 'redshift.npy', data: npy(dict("'<f4'", '2,'), floats(2)), size: 5, deflate: true }),
    /asks for \d+ bytes, and it has 5|can't inflate/,
  ],
  [
    'npz: compressed beyond the limit',
    npz({ name: 'redshift.npy', data: npy(dict("'<f4'", '2,'), floats(2)), size: 900 * 2 ** 20, deflate: true }),
    /asks for \d+ bytes, and it has 943718400/,
  ],
  ['npz: no images', zip([{ name: 'mags.npy', data: MAGS }]), /no column is the image/],
  [
    'npz: no arrays with rows',
    zip([{ name: 'x.npy', data: npy(dict("'<f4'", ''), floats(1)) }]),
    /a row for each galaxy/,
  ],
  [
    'npz: arrays without names of different lengths',
    zip([
      { name: 'arr_0.npy', data: IMAGE },
      { name: 'arr_1.npy', data: npy(dict("'<f4'", '3, 1'), floats(3)) },
    ]),
    /a row for each galaxy; found shapes/,
  ],
  ['npz: its directory gone', npz().subarray(0, -60), /damaged zip/],
  [
    'safetensors: a header beyond all bounds',
    tensors({ image: PIXELS }, 8, 2n ** 60n),
    /begins with|a header of \d+ bytes/,
  ],
  [
    'safetensors: a header beyond the file',
    tensors({ image: PIXELS }, 8, 5000n),
    /a header of 5000 bytes, and the file has/,
  ],
  ['safetensors: a header beyond the limit', tensors({ image: PIXELS }, 8, 50_000_000n), /at most 16777216 are read/],
  ['safetensors: no JSON', tensors('{"image": nonsense'), /not valid JSON/],
  ['safetensors: a list', tensors('{"image": []}'), /no type, shape and offsets of "image"/],
  ['safetensors: no type', tensors({ image: { shape: [2], data_offsets: [0, 8] } }, 8), /no type, shape and offsets/],
  ['safetensors: a negative shape', tensors({ image: tensor([-2, 1, 1, 1], 0, 8) }, 8), /no type, shape and offsets/],
  ['safetensors: a shape with a point', tensors({ image: tensor([2.5], 0, 8) }, 8), /no type, shape and offsets/],
  ['safetensors: a shape in text', tensors({ image: tensor(['2'], 0, 8) }, 8), /no type, shape and offsets/],
  [
    'safetensors: a hundred axes',
    tensors({ image: tensor(new Array(100).fill(1), 0, 4) }, 4),
    /no type, shape and offsets/,
  ],
  [
    'safetensors: offsets the wrong way',
    tensors({ image: tensor([2, 1, 1, 1], 8, 0) }, 8),
    /no type, shape and offsets/,
  ],
  [
    'safetensors: three offsets',
    tensors({ image: { ...PIXELS, data_offsets: [0, 8, 9] } }, 8),
    /no type, shape and offsets/,
  ],
  [
    'safetensors: offsets that overlap',
    tensors({ image: PIXELS, m: tensor([2], 4, 12) }, 12),
    /m begins at 4, and the tensor before it ends at 8/,
  ],
  ['safetensors: a hole between tensors', tensors({ image: PIXELS, m: tensor([2], 12, 20) }, 20), /m begins at 12/],
  [
    'safetensors: fewer bytes than the shape takes',
    tensors({ image: tensor([2, 1, 1, 1], 0, 4) }, 4),
    /image has 4 bytes, and F32 \[2, 1, 1, 1\] takes 8/,
  ],
  ['safetensors: beyond the file', tensors({ image: PIXELS }, 4), /its tensors end at byte \d+, and it has/],
  ['safetensors: bytes that no tensor has', tensors({ image: PIXELS }, 12), /its tensors end at/],
  [
    'safetensors: a type that is not read',
    tensors({ image: PIXELS, m: tensor([2], 8, 16), id: tensor([2], 16, 18, 'F8_E4M3') }, 18),
    /id, which would be the id, is of F8_E4M3/,
  ],
  ['safetensors: no tensors', tensors('{"__metadata__":{}}', 0), /a row for each galaxy; found none/],
  [
    'safetensors: magnitudes of another number',
    tensors({ image: PIXELS, magnitudes: tensor([2, 3], 8, 32) }, 24 + 8),
    /magnitudes \(float32 \[3\]\) is not what the model takes/,
  ],
];

it.each(CASES)('%s is refused', async (_, bytes, message) => {
  const reading = openSamples(bufferSource('data', bytes)).then(async (source) => {
    const galaxies = galaxiesOf(source, SPEC);
    for await (const __ of galaxies.batches({ size: 1 }));
  });
  await expect(reading).rejects.toBeInstanceOf(UnusableFileError);
  await expect(reading).rejects.toThrow(message);
  await expect(reading).rejects.toThrow(/^data[,:]/);
});

it('what the cases are made of is sound', async () => {
  const read = async (bytes: Buffer) =>
    (await galaxiesOf(await openSamples(bufferSource('data', bytes)), SPEC).read(0, 2)).images;
  expect(await read(npz())).toEqual(Float32Array.of(0, 1));
  expect(
    await read(
      zip([
        { name: 'image.npy', data: IMAGE, deflate: true },
        { name: 'mags.npy', data: MAGS, deflate: true },
      ]),
    ),
  ).toEqual(Float32Array.of(0, 1));
  expect(await read(tensors({ image: PIXELS, m: tensor([2], 8, 16) }))).toEqual(Float32Array.of(0, 0));
  expect(CASES.length).toBeGreaterThan(60);
});
