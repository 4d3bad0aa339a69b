/** Everything this engine carries out, by name. A field that is not listed is refused, never ignored. */

const io = ['InputPath', 'OutputPath'];
const common = ['Type', 'Comment', 'QueryLanguage'];
const flow = ['Next', 'End'];
const results = ['ResultSelector', 'ResultPath', 'Retry', 'Catch'];

const map = [
  ...['ItemProcessor', 'Iterator', 'ItemsPath', 'ItemSelector', 'Parameters', 'MaxConcurrency', 'MaxConcurrencyPath'],
  'ProcessorConfig',
];

const mapFields = [...common, ...io, ...flow, ...results, ...map];

export const STATE_FIELDS: Readonly<Record<string, readonly string[]>> = {
  Task: [...common, ...io, ...flow, ...results, 'Resource', 'Parameters', 'TimeoutSeconds'],
  Pass: [...common, ...io, ...flow, 'Result', 'ResultPath', 'Parameters'],
  Wait: [...common, ...io, ...flow, 'Seconds', 'SecondsPath', 'Timestamp', 'TimestampPath'],
  Choice: [...common, ...io, 'Choices', 'Default'],
  Succeed: [...common, ...io],
  Fail: [...common, 'Error', 'ErrorPath', 'Cause', 'CausePath'],
  Parallel: [...common, ...io, ...flow, ...results, 'Parameters', 'Branches'],
  Map: mapFields,
};

export const DISTRIBUTED_MAP_FIELDS = [
  ...mapFields,
  ...['ItemReader', 'ItemBatcher', 'ResultWriter', 'Label', 'ToleratedFailureCount', 'ToleratedFailureCountPath'],
  ...['ToleratedFailurePercentage', 'ToleratedFailurePercentagePath'],
];

export const MACHINE_FIELDS = ['Comment', 'StartAt', 'States', 'Version', 'TimeoutSeconds', 'QueryLanguage'];
export const NESTED_MACHINE_FIELDS = ['Comment', 'StartAt', 'States', 'ProcessorConfig', 'QueryLanguage'];

export const RETRIER_FIELDS = [
  ...['ErrorEquals', 'IntervalSeconds', 'MaxAttempts', 'BackoffRate', 'MaxDelaySeconds', 'JitterStrategy', 'Comment'],
];
export const CATCHER_FIELDS = ['ErrorEquals', 'Next', 'ResultPath', 'Comment'];

export const LAMBDA_INVOKE_FIELDS = ['FunctionName', 'Payload', 'InvocationType', 'LogType'];
export const ITEM_READER_FIELDS = ['Resource', 'ReaderConfig', 'Parameters'];
export const READER_CONFIG_FIELDS = [
  ...['InputType', 'MaxItems', 'MaxItemsPath', 'CSVHeaderLocation', 'CSVHeaders', 'CSVDelimiter'],
];
export const READER_INPUT_TYPES = ['JSON', 'JSONL', 'CSV'];
export const ITEM_BATCHER_FIELDS = [
  ...['MaxItemsPerBatch', 'MaxItemsPerBatchPath', 'MaxInputBytesPerBatch', 'MaxInputBytesPerBatchPath', 'BatchInput'],
];
export const RESULT_WRITER_FIELDS = ['Resource', 'Parameters'];
export const S3_OBJECT = {
  read: /^arn:aws[a-z-]*:states:::s3:getObject$/,
  write: /^arn:aws[a-z-]*:states:::s3:putObject$/,
};

const comparisons = ['Equals', 'LessThan', 'GreaterThan', 'LessThanEquals', 'GreaterThanEquals'];
const withPath = (names: readonly string[]) => [...names, ...names.map((name) => `${name}Path`)];

/** Comparison operators of a Choice by the type of value they compare. */
export const CHOICE_OPERATORS = {
  String: [...withPath(comparisons.map((name) => `String${name}`)), 'StringMatches'],
  Numeric: withPath(comparisons.map((name) => `Numeric${name}`)),
  Boolean: withPath(['BooleanEquals']),
  Timestamp: withPath(comparisons.map((name) => `Timestamp${name}`)),
};
export const TYPE_TESTS = ['IsNull', 'IsPresent', 'IsNumeric', 'IsString', 'IsBoolean', 'IsTimestamp'];

export const INTRINSICS = [
  ...['Format', 'StringToJson', 'JsonToString', 'Array', 'ArrayPartition', 'ArrayContains', 'ArrayRange'],
  ...['ArrayGetItem', 'ArrayLength', 'ArrayUnique', 'Base64Encode', 'Base64Decode', 'Hash', 'JsonMerge', 'MathRandom'],
  ...['MathAdd', 'StringSplit', 'UUID'],
].map((name) => `States.${name}`);
