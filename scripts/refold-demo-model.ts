/*
 * Applies the compiler's folds once more to the demo model in float32, whose checkpoint isn't kept: what a fold that is newer than the
 * file finds changes, the rest of the file stays as it is. node scripts/refold-demo-model.ts [--check]. With --check it writes nothing,
 * and fails where something would change. scripts/quantize-demo-model.ts makes the model in 8 bits of it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { decodeOnnx } from '../packages/astromae/src/onnx/decode.ts';
import { encodeOnnx } from '../packages/astromae/src/onnx/encode.ts';
import { FOLDS } from '../packages/astromae/src/passes/index.ts';
import { demoModel } from '../packages/demo-model/src/index.ts';

const file = demoModel('fp32');
const bytes = readFileSync(file);
const { graph, metadata } = decodeOnnx(bytes);
const folded = encodeOnnx(
  FOLDS.reduce((before, pass) => pass(before), graph),
  metadata,
);
const same = bytes.equals(folded);
if (!process.argv.includes('--check')) writeFileSync(file, folded);
else if (!same) throw new Error(`Folds change ${file}.`);
process.stdout.write(same ? 'No fold changes it.\n' : 'Folded.\n');
