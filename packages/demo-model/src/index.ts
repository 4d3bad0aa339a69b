import { fileURLToPath } from 'node:url';

/** How the demo model calculates: int8 is the same model with its matrix products in 8-bit integers. */
export const DEMO_PRECISIONS = ['int8', 'fp32'] as const;
export type DemoPrecision = (typeof DEMO_PRECISIONS)[number];

const FILES: Readonly<Record<DemoPrecision, string>> = {
  int8: '../astromae-demo-int8.onnx',
  fp32: '../astromae-demo.onnx',
};

/**
 * Absolute path of the demo model, an ONNX file: image [n, 5, 32, 32] in nanomaggies and magnitudes [n, 5] in, redshift [n, 1] out,
 * all float32. The ranges of magnitudes and redshift that it was trained on are in the metadata of the one in integers, and
 * beside the other in `astromae-demo.trained.json`.
 */
export function demoModel(precision: DemoPrecision = 'int8'): string {
  return fileURLToPath(new URL(FILES[precision], import.meta.url));
}
