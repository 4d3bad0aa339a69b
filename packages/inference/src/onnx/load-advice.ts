/** What onnxruntime says when it can't load a model, and what its owner can do. Tried with onnxruntime 1.27. */
const ADVICE: readonly (readonly [says: RegExp, todo: string])[] = [
  [
    /Opset \d+ is under development|Unsupported model IR version/,
    'It was written for a newer ONNX than this onnxruntime knows: export it again with torch.onnx.export(…, opset_version=20).',
  ],
  [
    /is not a registered function\/op|No Op registered for/,
    'Operators of one’s own, of onnxruntime-extensions and of other runtimes are not run here: export it with those of ONNX alone.',
  ],
  [/Unsupported data type: 16\b|bfloat16/, 'It has tensors of bfloat16: export model.float().'],
  [
    /Could not find an implementation for/,
    'An operator has no implementation for the type of its tensors, mostly float64 or float16: export model.float().',
  ],
];

/** A sentence on what to do, after a line's end; empty where none is known. */
export function loadAdvice(message: string): string {
  const found = ADVICE.find(([says]) => says.test(message));
  return found === undefined ? '' : `${message.endsWith('.') ? '' : '.'}\n${found[1]}`;
}
