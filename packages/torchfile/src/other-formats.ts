import { readExactly, type ByteSource } from './byte-source.ts';
import { MalformedTorchFileError, UnsupportedTorchFileError } from './errors.ts';

const LONGEST_SIGNATURE = 512;
const ZIP_SIGNATURE = Buffer.from('PK\x03\x04', 'latin1');
/** A pickled 0x1950a86a20f9469cfc6c: torch.save before 1.6, or with _use_new_zipfile_serialization=False. */
const LEGACY_MAGIC = Buffer.from('6cfc9c46f9206aa85019', 'hex');
const HDF5_SIGNATURE = Buffer.from('\x89HDF\r\n', 'latin1');
const TAR_MAGIC = Buffer.from('ustar', 'latin1');
const TAR_MAGIC_OFFSET = 257;

/** How to make a readable file out of one in an old format of torch. */
function conversion(name: string): string {
  const file = name.slice(name.lastIndexOf('/') + 1);
  return (
    'Convert it once, in Python: ' +
    `torch.save(torch.load("${file}", map_location="cpu", weights_only=False), "converted.pt")`
  );
}

/** Says what a file is that is no zip, as far as its first bytes tell. */
export async function refuseOtherFormats(source: ByteSource): Promise<void> {
  const head = Buffer.from(await readExactly(source, 0, Math.min(LONGEST_SIGNATURE, source.size)));
  if (head.subarray(0, 4).equals(ZIP_SIGNATURE)) return;
  if (head.subarray(0, 16).includes(LEGACY_MAGIC)) {
    throw new UnsupportedTorchFileError(
      source.name,
      0,
      `this is the old format of torch.save (before torch 1.6), not the zip format. ${conversion(source.name)}`,
    );
  }
  if (head.subarray(TAR_MAGIC_OFFSET, TAR_MAGIC_OFFSET + TAR_MAGIC.length).equals(TAR_MAGIC)) {
    throw new UnsupportedTorchFileError(
      source.name,
      0,
      `this is a tar archive, the format of torch before 0.2. ${conversion(source.name)}`,
    );
  }
  if (head.subarray(0, HDF5_SIGNATURE.length).equals(HDF5_SIGNATURE)) {
    throw new UnsupportedTorchFileError(source.name, 0, 'this is an HDF5 file; save its tensors with torch.save');
  }
  const found = source.size === 0 ? 'nothing: the file is empty' : `bytes ${head.subarray(0, 8).toString('hex')}`;
  throw new MalformedTorchFileError(
    source.name,
    0,
    `no torch file: expected a zip made by torch.save, which begins with 504b0304; found ${found}`,
  );
}
