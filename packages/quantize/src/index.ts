export { changeOf, tooLarge, type Change, type Compared, type Limits } from './change.ts';
export { parseModel, serialize, type OnnxModel } from './graph.ts';
export { byteScale, integersOf, type ByteScale, type IntegerMatrix, type Range } from './integers.ts';
export { productsOf, type Product } from './products.ts';
export {
  QUANTIZATION_KEY,
  quantizeModel,
  type Quantization,
  type Quantized,
  type QuantizeOptions,
} from './quantize.ts';
