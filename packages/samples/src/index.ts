export type { ObjectIds } from '@cosmicai/torchfile';
export { convertSamples, type Conversion, type ConvertedPart, type ConvertOptions } from './convert/convert-samples.ts';
export { commonKinds, keptKinds, lookInto, otherKind, widerKind, type CarryingFile } from './columns/kept-kinds.ts';
export type { CarriedKind } from './columns/kept.ts';
export { batchesOf, checkRange } from './batches-of.ts';
export { openPlannedCutouts, planCutouts, type CutoutMember, type CutoutPlan } from './folder/cutouts.ts';
export { hasCutouts, inputsIn, isFolder, type FolderInputs, type SampleInput } from './folder/folder-inputs.ts';
export { folderIn, folderOf, type FolderFile, type SampleFolder } from './folder/sample-folder.ts';
export type { OpenSamplesOptions, SampleFormat, SamplesPart, SplitOptions, WrittenPart } from './format.ts';
export { FORMATS } from './formats.ts';
export { galaxiesOf, openGalaxies, truthOf, type CarriedColumn, type Galaxies, type GalaxySource } from './galaxies.ts';
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
