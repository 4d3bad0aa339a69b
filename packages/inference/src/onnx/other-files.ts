import { UserInputError } from '@cosmicai/payload';
import type { ProtobufReader } from './protobuf.ts';

const HEAD_BYTES = 512;
/** Of ModelProto in onnx.proto. */
const LAST_FIELD = 26;

/** What a file is that is no ONNX, by how it begins. */
const BEGINNINGS: readonly (readonly [begins: RegExp | string, name: string])[] = [
  [/^version https:\/\/git-lfs/, 'a Git LFS pointer: the model itself was not downloaded. Fetch it with: git lfs pull'],
  [/^\s*<(!doctype|html|\?xml|head)/i, 'a web page, not a model: the download went wrong, or needs a login'],
  ['PK\x03\x04', 'a zip file, such as torch.save writes. Compile a checkpoint with: cosmicai model import'],
  ['\x80\x02', 'a Python pickle, such as old versions of torch.save write'],
  [/^\x89HDF\r\n/, 'an HDF5 file, such as Keras writes'],
  [/^.{4}TFL3/s, 'a TensorFlow Lite model'],
  [/^.{4}ORTM/s, 'a model in onnxruntime’s own format'],
  ['\x1f\x8b', 'compressed with gzip: unpack it first'],
  [/^\s*[{[]/, 'JSON text'],
];

/**
 * Names a file that is not an ONNX model, or not a whole one.
 *
 * @param graphField number of the field that every model has
 * @throws UserInputError
 */
export function refuseOtherFiles(file: ProtobufReader, graphField: number): void {
  const refuse = (what: string) => new UserInputError(`${file.label} is not an ONNX model: it is ${what}.`);
  if (file.size === 0) throw refuse('empty');
  const head = file.bytes(0, Math.min(HEAD_BYTES, file.size)).toString('latin1');
  const known = BEGINNINGS.find(([begins]) =>
    typeof begins === 'string' ? head.startsWith(begins) : begins.test(head),
  );
  if (known !== undefined) throw refuse(known[1]);
  if (/^[\t\n\r\x20-\x7e]+$/.test(head)) throw refuse(`text: ${JSON.stringify(head.slice(0, 40))}`);
  const fields = [...file.fields(0, file.size)];
  const hasGraph = fields.some(({ number }) => number === graphField);
  if (hasGraph && fields.at(-1)?.end === file.size) return;
  if (fields.length > 0 && fields.every(({ number }) => number <= LAST_FIELD)) {
    throw new UserInputError(
      `${file.label} is not a whole ONNX model: its ${file.size} bytes end within a field${hasGraph ? '' : ', before the graph'}. It may have been cut short; copy or export it again.`,
    );
  }
  throw refuse(`something else (its first bytes are ${Buffer.from(head.slice(0, 8), 'latin1').toString('hex')})`);
}
