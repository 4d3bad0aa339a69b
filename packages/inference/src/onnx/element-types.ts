/** Names of TensorProto.DataType of onnx.proto, by their numbers. */
const ELEMENT_TYPES = [
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
];

export function elementTypeName(code: number): string {
  return ELEMENT_TYPES[code] ?? `type ${code}`;
}
