import { DEMO_PRECISIONS, demoModel, type DemoPrecision } from '@cosmicai/demo-model';
import { MOST_RANK_MEMORY_MIB, RANK_MEMORY_MIB } from '@cosmicai/local/executions';
import type { StoreAccess } from '@cosmicai/store';
import { MEGABYTE } from '@cosmicai/torchfile';
import { InvalidArgumentError, Option, type Command } from 'commander';
import {
  defined,
  PARTITION_COLUMNS,
  keptColumnsSchema,
  partitionColumnsSchema,
  UNREAD_COLUMN,
} from '@cosmicai/payload';

/** Parser of an option that takes a whole number of at least `min`. */
export function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[+-]?\d+$/.test(text.trim()) && value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}

/** Parser of an option that takes a list of whole numbers: `1,2,4`. */
export function wholeNumbers(min: number): (text: string) => number[] {
  const parse = wholeNumber(min);
  return (text) => text.split(',').map((part) => parse(part));
}

/** Parser of an option that takes a size such as `25MB` or `1GB`; answers bytes. */
export function byteSize(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(KB|MB|GB)\s*$/i.exec(text);
  const factor = { KB: MEGABYTE / 1024, MB: MEGABYTE, GB: MEGABYTE * 1024 }[match?.[2]?.toUpperCase() ?? ''];
  if (match === null || factor === undefined || Number(match[1]) <= 0)
    throw new InvalidArgumentError('Expected a size such as 25MB or 1GB.');
  return Math.floor(Number(match[1]) * factor);
}

/** Parser of an option that takes a number of a range. */
export function decimalNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a number from ${min} to ${max}.`);
  };
}

/** Parser of an option that takes an interval of numbers: `0:0.4`. */
export function interval(text: string): [number, number] {
  const [from = '', to = '', ...more] = text.split(':').map((part) => part.trim());
  const ends: [number, number] = [Number(from), Number(to)];
  if (from !== '' && to !== '' && more.length === 0 && ends.every(Number.isFinite) && ends[0] < ends[1]) return ends;
  throw new InvalidArgumentError('Expected two numbers that rise, such as 0:0.4.');
}

/** Parser of an option that takes a list of words: `small,large`. */
export function words(text: string): string[] {
  const list = text.split(',').map((word) => word.trim());
  if (list.includes('')) throw new InvalidArgumentError('Expected words with commas between them.');
  return list;
}

/** Size of a partition file, by default that of the published partitions. */
export function partitionSizeOption(description: string): Option {
  return new Option('-p, --partition-size <size>', description).argParser(byteSize).default(byteSize('25MB'), '25MB');
}

/** @param most MB; default: as much as a rank takes, whatever its task has */
export function memoryOption(most: number = MOST_RANK_MEMORY_MIB): Option {
  return new Option('--memory <MB>', 'memory of a rank').argParser(wholeNumber(128, most)).default(RANK_MEMORY_MIB);
}

/** Gives a command --model and --precision. */
export function withModel(command: Command): Command {
  return withDemoPrecision(command.option('-m, --model <file>', 'ONNX model; default: the demo model'));
}

/** Gives a command the choice between the demo model's two files, as if the chosen one were named with --model. */
export function withDemoPrecision(command: Command): Command {
  return command
    .addOption(
      new Option('--precision <type>', 'of the demo model; default: int8').choices(DEMO_PRECISIONS).conflicts('model'),
    )
    .hook('preAction', (_, self) => {
      const { precision } = self.opts<{ precision?: DemoPrecision }>();
      if (precision !== undefined) self.setOptionValueWithSource('model', demoModel(precision), 'cli');
    });
}

/** Says which column of a file is what. */
export function columnsOption(): Option {
  const order = [...PARTITION_COLUMNS, UNREAD_COLUMN].join(', ');
  return new Option(
    '--columns <names>',
    `which column of a file is what: image=img,mag_g=gmag,redshift=z,id=objid; of tensors without names, in order: ${order} (not read)`,
  ).argParser((text) => {
    const { data, error } = partitionColumnsSchema.safeParse(text);
    if (error !== undefined) throw new InvalidArgumentError(`Expected ${error.issues[0]?.message}.`);
    return data;
  });
}

/** Of commands that read folders of cutouts. */
export function tableOption(): Option {
  return new Option(
    '--table <file>',
    'table of the galaxies of a folder of FITS cutouts (CSV or FITS); default: the one that lies in it',
  );
}

/** Names columns that go into the predictions as they are. */
export function keepOption(): Option {
  return new Option(
    '--keep <names>',
    'columns of the files that go into the predictions as they are: ra,dec',
  ).argParser((text) => {
    const { data, error } = keptColumnsSchema.safeParse(text);
    if (error !== undefined) throw new InvalidArgumentError(`Expected ${error.issues[0]?.message}.`);
    return data;
  });
}

/** Reads torch files without comparing their bytes with the sums that lie beside them. */
export function crcOption(): Option {
  return new Option('--no-crc', 'read on where bytes don’t fit their CRC-32, e.g. of a file written without sums');
}

/** How buckets are asked, in every command that reads an s3:// address. */
export interface AccessOptions {
  readonly requestPayer?: boolean | undefined;
  readonly signRequest?: boolean | undefined;
}

/** Gives a command the options of AccessOptions. */
export function withAccessOptions(command: Command): Command {
  return command
    .option('--request-payer', 's3: pay for the requests yourself, where the owner of a bucket wants that')
    .option('--no-sign-request', 's3: read public buckets without credentials');
}

export function accessOf({ requestPayer, signRequest }: AccessOptions): StoreAccess {
  return { requestPayer, sign: signRequest };
}

/** The options of AccessOptions alone, for a payload that other options make up. */
export function accessNamed({ requestPayer, signRequest }: AccessOptions): AccessOptions {
  return defined({ requestPayer, signRequest });
}

/** Where buckets lie that a payload names without an address. */
export function storeOption(): Option {
  return new Option(
    '--store <address>',
    'where bare bucket names lie: s3:// or file:///folder; default: COSMICAI_STORE or s3://',
  );
}

/** Prices of a region that the price book doesn't have, or has of another day. */
export function pricesOption(): Option {
  return new Option('--prices <file>', 'price file (JSON) instead of the price book’s, see docs/costs.md');
}
