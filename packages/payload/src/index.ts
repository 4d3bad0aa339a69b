export { ATTEMPT_TIME, PIECES_KEPT } from './attempt-time.ts';
export { parseEndpoint, STAGE_SERVER, type Endpoint } from './endpoint.ts';
export { meetingText, parseMeeting, type Meeting } from './meeting.ts';
export * from './errors.ts';
export { FARGATE_SIZES } from './fargate-sizes.ts';
export { defined, type Defined } from './defined.ts';
export { describe } from './describe.ts';
export { groupBy } from './group-by.ts';
export { hasEnding } from './has-ending.ts';
export { itemAt, valueOf } from './known.ts';
export { shellWord } from './shell-word.ts';
export { visible, visibleLines } from './visible.ts';
export { FIRST_FORMAT, FORMAT, formatField, newerFormatOf, PARQUET_FORMAT_KEY, withFormat } from './format-version.ts';
export { once } from './once.ts';
export { MOST_LEVELS, parseAs, parseJsonAs, parseOrProblems } from './parse.ts';
export { decimal, flag, integer, matching, text } from './fields.ts';
export * from './run-payload.ts';
export { compareNaturally, naturalOrder, planFiles, planRanks, type RankPlan } from './plan.ts';
export { partitionNames, PartitionFinder, partitionsIn, type FoundPartitions } from './partitions.ts';
export { redshiftHistogramSchema, type RedshiftHistogram } from './redshift-histogram.ts';
export {
  columnsText,
  describeTaken,
  distinctTaken,
  isInOrder,
  isWorthTelling,
  keptColumnsSchema,
  type KeptKind,
  PARTITION_COLUMNS,
  partitionColumnsSchema,
  PREDICTION_COLUMNS,
  takenColumnSchema,
  UNREAD_COLUMN,
  type ColumnChoice,
  type ColumnNames,
  type PartitionColumn,
  type TakenColumn,
} from './partition-columns.ts';
export {
  ASTROMAE,
  imagePixels,
  imageShape,
  inputShape,
  isAstromae,
  outputsOf,
  MODEL_SPEC_KEY,
  modelSpecSchema,
  sampleBits,
  sampleSpecSchema,
  writtenSpec,
  type ImageFit,
  type ImageLayout,
  type ImageSpec,
  type ModelSpec,
} from './model-spec.ts';
export {
  ANSWER_COLUMNS,
  answerColumns,
  answerNames,
  type AnswerColumnKind,
  type AnswerNames,
} from './answer-columns.ts';
export { describeSample } from './describe-spec.ts';
export { type PerBand, type ScalingStep } from './image-scaling.ts';
export { specFields, specIn, type SpecFields } from './spec-fields.ts';
export { modelOutputsSchema } from './model-outputs.ts';
export {
  answerWidth,
  modelOutputSchema,
  OUTPUT_KINDS,
  REDSHIFT_OUTPUT,
  type ClassesOutput,
  type DensityOutput,
  type ModelOutput,
} from './model-output.ts';
export { MODEL_ROLES, modelInputsSchema, type ModelInputs, type ModelRole } from './model-inputs.ts';
export { rankTaskSchema, type PlannedCutouts, type RankTask, type RankTaskItem } from './rank-task.ts';
export {
  rankLineSchema,
  rankProgressSchema,
  type RankContext,
  type RankLine,
  type RankProgress,
} from './rank-progress.ts';
export {
  objectVersionSchema,
  sha256Schema,
  writtenFileSchema,
  type FileWithHead,
  type ObjectVersion,
  type PlannedObject,
  type FileContent,
  type WrittenFile,
} from './written-file.ts';
export { storeRequestsSchema, type StoreRequestCounts } from './store-requests.ts';
export { partitionReadSchema, rankResultSchema, type RankAnswer, type RankResult } from './rank-result.ts';
export { inferReportSchema, type InferReport } from './infer-report.ts';
export { pieceHeaderSchema, type PieceHeader } from './piece-header.ts';
export { isRankReference, rankReferenceSchema, TASK_HASH_DIGITS, type RankReference } from './rank-reference.ts';
export { MOST_RANKS_PUBLISHED, runLayout, type RunLayout } from './run-layout.ts';
export {
  initializeAnswerSchema,
  MAX_INLINE_BODY_BYTES,
  manifestSchema,
  plannedRunSchema,
  runRecordSchema,
  runReferenceSchema,
  type InitializeAnswer,
  type Manifest,
  type RunRecord,
  type RunReference,
} from './run-record.ts';
export {
  FMI_PING_STEPS,
  fmiPingAnswerSchema,
  fmiPingOpeningSchema,
  fmiPingTaskSchema,
  isFmiPing,
  LARGEST_PING,
  type FmiPingAnswer,
  type FmiPingOpening,
  type FmiPingOperation,
  type FmiPingPair,
  type FmiPingStep,
  type FmiPingStepReport,
  type FmiPingTask,
} from './fmi-ping.ts';
export { fmiReportSchema, linkCountsSchema, type FmiReport, type LinkCounts } from './fmi-report.ts';
export {
  flaggedSchema,
  isPlaceholderMagnitude,
  isUsableTruth,
  QUALITY_FLAG_NAMES,
  QUALITY_FLAGS,
  type Flagged,
  type QualityFlag,
} from './quality-flags.ts';
export {
  modelStem,
  TRAINED_RANGES_KEY,
  trainedRangesFile,
  trainedRangesOf,
  trainedRangesSchema,
  type TrainedRanges,
} from './trained-ranges.ts';
export {
  describeAnswerChange,
  describeArithmetic,
  arithmeticSchema,
  QUANTIZATION_KEY,
  quantizationSchema,
  type QuantizedLayer,
  quantizedModels,
  type AnswerChange,
  type Arithmetic,
  type Quantization,
  type QuantizedModel,
} from './quantization.ts';
export { predictionScoresSchema, type PredictionScores } from './prediction-scores.ts';
export {
  duplicatesSchema,
  rankFailureSchema,
  runSummarySchema,
  type Duplicates,
  type RankFailure,
  type RunSummary,
} from './run-summary.ts';
export { proofFileSchema, runProofSchema, type ProofFile, type RunProof } from './run-proof.ts';
export { jsonValue, type Json, type JsonObject } from './json.ts';
export { functionReportSchema, reportLineSchema, type FunctionReport, type ReportLine } from './report-line.ts';
export { formatReportLine, parseReportLine, parseReportLog, type ReportLog } from './report-log.ts';
export {
  reportsIn,
  runEventSchema,
  type RunEvent,
  type RunEventBody,
  type RunStatus,
  type UnnumberedEvent,
} from './run-event.ts';
export {
  MOST_SILENT_NAMED,
  PROGRESS_FILE,
  progressRecordSchema,
  type ProgressRecord,
  type RankFigures,
} from './run-progress.ts';
export { EVENT_LOG, formatEvent, parseEventLog, type EventLog } from './event-log.ts';
export {
  EXECUTION_FILE,
  executionRecordSchema,
  type ExecutionRecord,
  type FunctionSize,
  type RendezvousSize,
} from './execution-record.ts';
export {
  mapResultsManifestSchema,
  mapResultsSchema,
  rankReasons,
  ranksOf,
  reasonOf,
  type MapResult,
  type MapResultsManifest,
  type Reason,
} from './map-results.ts';
export { functionMessage, jsonOrText } from './function-message.ts';
export { functionNameOf } from './function-name.ts';
export { NUMBER_ARRAYS } from './number-arrays.ts';
export { USER_ERRORS } from './user-errors.ts';
