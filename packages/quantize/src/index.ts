export { answerChanges, answersTooLarge, type AnswerLimits, type ComparedAnswers } from './answer-change.ts';
export { binnedChange, type Bin, type BinnedChange, type ComparedGalaxies } from './bins.ts';
export { changeOf, toldChange, tooLarge, type Change, type Compared, type Limits, type ToldChange } from './change.ts';
export { parseModel, serialize, type OnnxModel } from './graph.ts';
export { byteScale, integersOf, type ByteScale, type IntegerMatrix, type Range } from './integers.ts';
export { productsOf, type Product } from './products.ts';
export { quantizeModel, type Quantized, type QuantizeOptions } from './quantize.ts';
export { changeJson } from './change-json.ts';
export { binTables, scoresChangeTable, type ChangeTable } from './tables.ts';
