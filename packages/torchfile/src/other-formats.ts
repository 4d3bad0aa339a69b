import type { ByteSource } from '@cosmicai/store';
import { readExactly } from './read-exactly.ts';
import { MalformedTorchFileError, UnsupportedTorchFileError } from './errors.ts';

const LONGEST_SIGNATURE = 512;
const ZIP_SIGNATURE = 'PK\x03\x04';
/** A pickled 0x1950a86a20f9469cfc6c: torch.save before 1.6, or with _use_new_zipfile_serialization=False. */
const LEGACY_MAGIC = Buffer.from('6cfc9c46f9206aa85019', 'hex').toString('latin1');
const TAR_MAGIC = 'ustar';
/** Of a zip's entry; its name follows. */
const LOCAL_HEADER_BYTES = 30;
const TAR_MAGIC_OFFSET = 257;

const SAVE_TENSORS = 'save its tensors with torch.save';
const SAVE_ARRAYS = 'save its arrays with numpy.savez, or its tensors with torch.save';
const UNPACK = 'unpack it first';
const COPY_AGAIN = 'the copy went wrong, copy the file again';

const PICKLE = { is: 'this is a bare pickle, which would be executed to read it', remedy: SAVE_TENSORS };

/** What people have under the name of a partition, by how it begins; the first that fits counts. */
const FORMATS: readonly { readonly begins: string | RegExp; readonly is: string; readonly remedy: string }[] = [
  { begins: /^\x89HDF\r\n/, is: 'this is an HDF5 file', remedy: SAVE_TENSORS },
  { begins: /^SIMPLE {2}=/, is: 'this is a FITS file', remedy: SAVE_TENSORS },
  { begins: /^\x93NUMPY/, is: 'this is a NumPy array (.npy)', remedy: SAVE_TENSORS },
  { begins: /^PAR1/, is: 'this is a Parquet file', remedy: SAVE_TENSORS },
  {
    begins: /^(\x89PNG|\xff\xd8\xff|GIF8|RIFF[^]{4}WEBP|BM[^]{4}\0{4})/,
    is: 'this is a picture (PNG, JPEG, GIF …)',
    remedy: SAVE_ARRAYS,
  },
  { begins: /^(II\x2a\0|MM\0\x2a|II\x2b\0|MM\0\x2b)/, is: 'this is a TIFF picture', remedy: SAVE_ARRAYS },
  { begins: /^(ARROW1|FEA1)/, is: 'this is an Arrow (Feather) file', remedy: SAVE_ARRAYS },
  { begins: /^CDF\p{Cc}/u, is: 'this is a NetCDF file of version 3', remedy: SAVE_ARRAYS },
  { begins: /^#ASDF/, is: 'this is an ASDF file', remedy: SAVE_ARRAYS },
  { begins: /^SQLite format 3\0/, is: 'this is an SQLite database', remedy: SAVE_ARRAYS },
  { begins: /^MATLAB 5\.0/, is: 'this is a file of MATLAB', remedy: SAVE_ARRAYS },
  { begins: 'Obj\x01', is: 'this is an Avro file', remedy: SAVE_ARRAYS },
  { begins: /^%PDF-/, is: 'this is a PDF document', remedy: COPY_AGAIN },
  { begins: /^\s*# ?%ECSV/, is: 'this is a table (ECSV) without images', remedy: SAVE_ARRAYS },
  { begins: '\x1f\x8b', is: 'this is compressed with gzip', remedy: UNPACK },
  {
    begins: /^(BZh|\xfd7zXZ\0|\x28\xb5\x2f\xfd|\p{Cc}"M\p{Cc})/u,
    is: 'this is compressed with bzip2, xz, zstd or lz4',
    remedy: UNPACK,
  },
  { begins: /^(7z\xbc\xaf'|Rar!\p{Cc})/u, is: 'this is an archive of 7-Zip or RAR', remedy: UNPACK },
  {
    begins: /^version https:\/\/git-lfs/,
    is: 'this is a pointer of Git LFS, not the file itself',
    remedy: 'fetch the file with: git lfs pull',
  },
  { begins: /^\s*<(!doctype|html)/i, is: 'this is an HTML page', remedy: `${COPY_AGAIN}, perhaps after signing in` },
  { begins: /^\s*<\?xml/i, is: 'this is an XML document, perhaps the error of a store', remedy: COPY_AGAIN },
  { begins: /^[^]{4}\0{4}\{"/, is: 'this is a safetensors file', remedy: SAVE_TENSORS },
  { begins: /^\s*<VOTABLE/i, is: 'this is a VOTable without images', remedy: SAVE_ARRAYS },
  { begins: /^\s*[{[]/, is: 'this is JSON', remedy: SAVE_ARRAYS },
  { begins: '\x80\x02', ...PICKLE },
  { begins: '\x80\x03', ...PICKLE },
  { begins: '\x80\x04', ...PICKLE },
  { begins: '\x80\x05', ...PICKLE },
  { begins: 'PK\x05\x06', is: 'this is an empty zip', remedy: 'write the file again with torch.save' },
  { begins: /^\0{16}/, is: 'this begins with zeros, as an interrupted copy leaves a file', remedy: COPY_AGAIN },
];

/** How to make a readable file out of one in an old format of torch. */
function conversion(name: string): string {
  const file = name.slice(name.lastIndexOf('/') + 1);
  return (
    'Convert it once, in Python: ' +
    `torch.save(torch.load("${file}", map_location="cpu", weights_only=False), "converted.pt")`
  );
}

/** What a file is that people take for another, by how it begins, and what to do about it; undefined: nobody knows. */
export function otherFormat(head: Uint8Array): { readonly is: string; readonly remedy: string } | undefined {
  const text = textOf(head);
  return FORMATS.find(({ begins }) => (typeof begins === 'string' ? text.startsWith(begins) : begins.test(text)));
}

/** Whether a file that begins like this is one of torch.save, of today or of old. */
export function isTorchFile(head: Uint8Array): boolean {
  return (isZip(head) && !isNumpyZip(head)) || isLegacy(head) || isTar(head);
}

/** Whether a file that begins like this is a zip of arrays of NumPy: its first entry is one. */
export function isNumpyZip(head: Uint8Array): boolean {
  if (!isZip(head) || head.length < LOCAL_HEADER_BYTES) return false;
  const length = new DataView(head.buffer, head.byteOffset, head.byteLength).getUint16(26, true);
  return textOf(head.subarray(LOCAL_HEADER_BYTES, LOCAL_HEADER_BYTES + length)).endsWith('.npy');
}

/** What is found in a file that nobody knows. */
export function describeStart(head: Uint8Array): string {
  return head.length === 0 ? 'nothing: the file is empty' : `bytes ${Buffer.from(head.subarray(0, 8)).toString('hex')}`;
}

/** In words, for refusals. */
export const TORCH_SIGNATURE = 'a zip made by torch.save, which begins with 504b0304';

/** How a file of torch.save lays out what it holds. @throws TorchFileError that says what a file is instead, as far as its first bytes tell */
export async function storageFormat(source: ByteSource): Promise<'zip' | 'legacy'> {
  const head = await readExactly(source, 0, Math.min(LONGEST_SIGNATURE, source.size));
  if (isZip(head)) return 'zip';
  if (isLegacy(head)) return 'legacy';
  if (isTar(head)) {
    throw new UnsupportedTorchFileError(
      source.name,
      0,
      `this is a tar archive, the format of torch before 0.2. ${conversion(source.name)}`,
    );
  }
  const other = otherFormat(head);
  if (other !== undefined) throw new UnsupportedTorchFileError(source.name, 0, `${other.is}; ${other.remedy}`);
  throw new MalformedTorchFileError(
    source.name,
    0,
    `no torch file: expected ${TORCH_SIGNATURE}; found ${describeStart(head)}`,
  );
}

function isZip(head: Uint8Array): boolean {
  return textOf(head).startsWith(ZIP_SIGNATURE);
}

function isLegacy(head: Uint8Array): boolean {
  return textOf(head.subarray(0, 16)).includes(LEGACY_MAGIC);
}

function isTar(head: Uint8Array): boolean {
  return textOf(head).startsWith(TAR_MAGIC, TAR_MAGIC_OFFSET);
}

/** A character for each byte that can be part of a signature. */
function textOf(head: Uint8Array): string {
  return Buffer.from(head.subarray(0, LONGEST_SIGNATURE)).toString('latin1');
}
