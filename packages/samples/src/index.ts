export type { ObjectIds } from '@cosmicai/torchfile';
export { batchesOf, checkRange } from './batches-of.ts';
export type { OpenSamplesOptions, SampleFormat, SamplesPart, SplitOptions, WrittenPart } from './format.ts';
export { FORMATS } from './formats.ts';
export { galaxiesOf, openGalaxies, truthOf, type Galaxies, type GalaxySource } from './galaxies.ts';
export { openSamples, splitSamples, UnknownFormatError } from './open-samples.ts';
export type {
  ArraysByType,
  BatchesOptions,
  ColumnValues,
  ReadOptions,
  SampleBatch,
  SampleColumn,
  SampleSource,
  ValueType,
} from './source.ts';
