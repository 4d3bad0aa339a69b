/** A file that isn't a result, by what it is and what to do instead. */
interface OtherFile {
  readonly is: string;
  readonly instead: string;
  /** Fields that it has and results don't. */
  readonly fields: readonly (readonly string[])[];
}

const RUN_FOLDER = 'name the folder of its run instead';

/** Files that this project reads or writes beside results, and what its commands print that is none. */
const OBJECTS: readonly OtherFile[] = [
  { is: 'a run record (run.json)', instead: RUN_FOLDER, fields: [['run', 'created_at', 'payload']] },
  { is: 'what Initialize answered', instead: RUN_FOLDER, fields: [['statusCode', 'run']] },
  { is: 'the record of an execution (execution.json)', instead: RUN_FOLDER, fields: [['events', 'definition']] },
  {
    is: 'a quote',
    instead: 'hold it against a run: cosmicai report <results> --quote <file>',
    fields: [['costUsd', 'calibration']],
  },
  { is: 'a price list', instead: 'name it with --prices', fields: [['lambda', 'step_functions']] },
  {
    is: 'the report of a meeting over FMI (fmi.json)',
    instead: RUN_FOLDER,
    fields: [['links', 'ranks', 'world_size']],
  },
  { is: 'what fmi ping found', instead: 'it tells of no run', fields: [['steps', 'pairs', 'collectives']] },
  { is: 'a state machine', instead: 'name the results of a run by it', fields: [['StartAt', 'States']] },
  { is: 'a list of the Map’s children', instead: RUN_FOLDER, fields: [['MapRunArn', 'ResultFiles']] },
  { is: 'the options of an execution', instead: RUN_FOLDER, fields: [['model', 'memory']] },
  { is: 'the start of an execution', instead: RUN_FOLDER, fields: [['name', 'startedAt', 'input']] },
  { is: 'the end of an execution', instead: RUN_FOLDER, fields: [['status', 'output']] },
  {
    is: 'what a function answered',
    instead: 'name the result that it left',
    fields: [
      ['statusCode', 'body'],
      ['statusCode', 'result_key'],
    ],
  },
  {
    is: 'a payload, what a run is started with',
    instead: 'start it with cosmicai run <file>, or name the results that it led to',
    fields: [
      ...[
        'data_prefix',
        'data_map',
        'S3_object_name',
        'script',
        'rendezvous_endpoint',
        'data_bucket',
        'file_limit',
      ].map((field) => ['bucket', field]),
      ['bucket', 'world_size', 'batch_size'],
      ['S3_BUCKET', 'RANK'],
    ],
  },
];

/** Lists, by the fields of what is in them. */
const LISTS: readonly OtherFile[] = [
  {
    is: 'the manifest of a run (manifest.json)',
    instead: RUN_FOLDER,
    fields: [
      ['RANK', 'DATA_PATH'],
      ['RANK', 'S3_BUCKET'],
    ],
  },
  {
    is: 'what status listed',
    instead: 'name one of its runs: <results>/runs/<run id>',
    fields: [['run_id', 'ranks_with_result']],
  },
  { is: 'a list of the Map’s children', instead: RUN_FOLDER, fields: [['ExecutionArn', 'Input']] },
  { is: 'an event log', instead: RUN_FOLDER, fields: [['type', 'time']] },
];

/** Names what a value is that holds no result; undefined when it is nothing that this project knows. */
export function otherFile(value: unknown): Pick<OtherFile, 'is' | 'instead'> | undefined {
  const [among, sample] = Array.isArray(value) ? [LISTS, value[0] as unknown] : [OBJECTS, value];
  if (typeof sample !== 'object' || sample === null) return undefined;
  return among.find(({ fields }) => fields.some((names) => names.every((name) => Object.hasOwn(sample, name))));
}
