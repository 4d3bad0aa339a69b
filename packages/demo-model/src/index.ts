import { fileURLToPath } from 'node:url';

/**
 * Absolute path of the demo model, an ONNX file: image [n, 5, 32, 32] in nanomaggies and magnitudes [n, 5] in, redshift [n, 1] out,
 * all float32. Beside it lies `astromae-demo.trained.json`, the ranges of magnitudes and redshift that it was trained on.
 */
export function demoModel(): string {
  return fileURLToPath(new URL('../astromae-demo.onnx', import.meta.url));
}
