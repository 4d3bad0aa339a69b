export { bufferSource, storeSource, type ByteSource, type SourceVersion, type StoreSource } from '@cosmicai/store';
export { MalformedTorchFileError, TorchFileError, TorchFileLimitError, UnsupportedTorchFileError } from './errors.ts';
export { DEFAULT_LIMITS, type TorchFileLimits } from './limits.ts';
export { describeStart, isTorchFile, otherFormat, TORCH_SIGNATURE } from './other-formats.ts';
export { whyUnchecked } from './why-unchecked.ts';
export { openTorchFile, type TorchFile, type TorchFileOptions } from './torch-file.ts';
export {
  describeNode,
  isCall,
  isGlobal,
  mappingEntries,
  qualifiedName,
  sequenceItems,
  type CallNode,
  type DictNode,
  type GlobalNode,
  type ListNode,
  type PersistentNode,
  type PickleNode,
  type SetNode,
  type TupleNode,
} from './pickle/nodes.ts';
export type { DType, FloatDType, TensorData } from './tensor/dtype.ts';
export { asTensorRef, type TensorRef } from './tensor/tensor-ref.ts';
export { toFloat32, toFloat64, type Tensor } from './tensor/tensor.ts';
export { openPartition, type BatchesOptions, type Partition, type ReadSamplesOptions } from './partition/partition.ts';
export type { ObjectIds, PartitionBatch, PartitionSamples } from './partition/partition-batch.ts';
export type { PartitionOptions, PartitionSpec } from './partition/partition-spec.ts';
export {
  centralPixels,
  float64Of,
  gatheredOf,
  idsOf,
  imagesOf,
  pickedOf,
  type PixelLayout,
} from './partition/convert.ts';
export { readAhead } from './partition/read-ahead.ts';
export { openTensors } from './partition/tensor-table.ts';
export {
  fittingColumns,
  rowTable,
  type ReadRowsOptions,
  type RowTable,
  type RowTableParts,
  type SavedArray,
  type TableRows,
} from './partition/row-table.ts';
export { openZip, type ZipFile } from './zip/open-zip.ts';
export type { ZipEntry } from './zip/directory.ts';
export { isNumpyZip } from './other-formats.ts';
export { elementsOf, type ByteOrder } from './tensor/bytes.ts';
export { readExactly } from './read-exactly.ts';
export type { RowsOptions } from './partition/column.ts';
export type { TableColumn, TableType, TableValues, ValueColumn } from './partition/value-column.ts';
export { partitionSize, partitionStream, writePartition, type PartitionShape } from './write/partition-stream.ts';
export { torchFileStream, torchFileSize, type StorageInput } from './write/torch-file-stream.ts';
export { PickleWriter, type TensorInput, type WrittenTensor } from './write/pickle-writer.ts';
export { littleEndianBytes } from './tensor/bytes.ts';
export { stateDictStream, type PassingTensor, type TorchValue } from './write/state-dict-stream.ts';
export { holdsModule, readModuleTree, type ModuleHook, type ModuleNode } from './model/module-tree.ts';
export type { OpaqueValue, PlainValue } from './model/plain-value.ts';
export { moduleStateDict, readStateDict, readStateDicts, type StateDict } from './model/state-dict.ts';
export { MEGABYTE, samplesPerPartition, splitPartition, type PartitionPart } from './partition/split.ts';
export { readTensorDataset } from './partition/saved-tensors.ts';
