export { coresGiven, type Surroundings } from './cores-given.ts';
export type { Device } from './session-messages.ts';
export { createPredictor, MICRO_BATCH, type Predictor, type PredictorOptions, type Samples } from './predictor.ts';
export { classesIn, readAnswers, type AnswerColumn } from './answer-columns.ts';
export { predictSource } from './predict-source.ts';
export { inferSources, type InferredSources } from './infer-sources.ts';
export type { PredictionsFormat } from './predictions/predictions-out.ts';
export { predictPartition, type PredictedSamples, type PredictPartitionOptions } from './predict-partition.ts';
export {
  decodePredictions,
  flagsOfTruth,
  refuseNewerPredictions,
  encodePredictions,
  type PartitionPredictions,
  type PredictionRow,
} from './predictions-file.ts';
export { placeName } from './predictions/predictions-encoder.ts';
export { serveSession } from './session-server.ts';
export {
  AFTER_A_CHANGE,
  ModelChangedError,
  PartitionChangedError,
  PartitionError,
  RankTooLongError,
  RankUnfinishedError,
} from './errors.ts';
export { MOST_ATTEMPTS } from './limits/forecast.ts';
export type { TimeLimit } from './limits/rank-time.ts';
export { ModelCache, type LeasedModel, type ModelCacheOptions, type WantedModel } from './model/model-cache.ts';
export { fetchModel, type FetchedModel } from './model/fetch-model.ts';
export { modelInStore, modelNamed, modelOnDisk, type ModelSource } from './model/model-source.ts';
export { loadModel, openModel, type LoadedModel, type LoadOptions, type OpenModelOptions } from './model/open-model.ts';
export { readSpec, specBeside, specFiles, type FoundSpec } from './model/spec-file.ts';
export { readSpecText } from './model/spec-text.ts';
export { identityOf, readGraph, readModel, readWeights, type ModelContent } from './model/read-model.ts';
export { findingsOf, type DataFindings, type PartitionSeen } from './quality/findings.ts';
export { decodeHashes, encodeHashes, MOST_HASHES, sortedHashes } from './quality/image-hashes.ts';
export { describeRepeatedNames } from './quality/object-names.ts';
export { PartitionChecks } from './quality/partition-checks.ts';
export { PhotometrySums } from './quality/photometry.ts';
export { photometryVerdict, type PhotometryVerdict } from './quality/photometry-verdict.ts';
export { describeRepeats, firstAtLeast, repeatedHashes, type RepeatedHashes } from './quality/repeated-hashes.ts';
export { RangeProfile } from './quality/profile-ranges.ts';
export { describeShape, type ModelPort } from './contract/ports.ts';
export { probeGalaxies } from './contract/probe-galaxies.ts';
export { feedsOf } from './contract/feeds.ts';
export { contractOf, type ModelContract } from './contract/model-contract.ts';
export { describeOnnx, describeOnnxFile, type OnnxDescription } from './onnx/describe-onnx.ts';
export { checkedLocation, modelFilesAt } from './onnx/model-files.ts';
export { describeUpload, uploadModel, type UploadedModel } from './upload-model.ts';
export { arithmeticIn } from './onnx/arithmetic.ts';
export {
  parseGolden,
  verifyModel,
  type Golden,
  type Predict,
  type Reference,
  type Verification,
} from './verify-model.ts';
export { withMetadata } from './onnx/metadata.ts';
export { readTrainedRanges, type FoundRanges } from './quality/trained-ranges.ts';
export { peakRssMb } from './peak-rss.ts';
export { rankTaskOf } from './rank-item.ts';
export { runRank, type RankEnvironment } from './run-rank.ts';
export { inferReport, type InferMeasurements, type InferReport } from './infer-report.ts';
