import { checkFields, type Report } from './check-fields.ts';
import * as table from './support-table.ts';
import { isObject, processorConfigOf, textOf, type JsonObject } from './types.ts';

/** The fields that only a Map in distributed mode has. */
export function checkDistributedMap(state: JsonObject, place: string, report: Report): void {
  const config = processorConfigOf(state) ?? {};
  checkFields(config, ['Mode', 'ExecutionType'], `${place}.ProcessorConfig`, 'ProcessorConfig', report);
  const type = config.ExecutionType ?? 'STANDARD';
  if (type !== 'STANDARD' && type !== 'EXPRESS') {
    report(`${place}.ProcessorConfig.ExecutionType`, `the execution type ${JSON.stringify(type)}`);
  }
  if (isObject(state.ItemReader)) checkItemReader(state.ItemReader, `${place}.ItemReader`, report);
  if (isObject(state.ItemBatcher)) {
    checkFields(state.ItemBatcher, table.ITEM_BATCHER_FIELDS, `${place}.ItemBatcher`, 'ItemBatcher', report);
  }
  if (isObject(state.ResultWriter)) checkResultWriter(state.ResultWriter, `${place}.ResultWriter`, report);
}

function checkItemReader(reader: JsonObject, place: string, report: Report): void {
  checkFields(reader, table.ITEM_READER_FIELDS, place, 'ItemReader', report);
  if (!table.S3_OBJECT.read.test(textOf(reader.Resource))) {
    report(`${place}.Resource`, `the item source ${textOf(reader.Resource)}: only arn:aws:states:::s3:getObject is`);
  }
  const config = isObject(reader.ReaderConfig) ? reader.ReaderConfig : {};
  checkFields(config, table.READER_CONFIG_FIELDS, `${place}.ReaderConfig`, 'ReaderConfig', report);
  if (!table.READER_INPUT_TYPES.includes(textOf(config.InputType))) {
    report(
      `${place}.ReaderConfig.InputType`,
      `the input type ${textOf(config.InputType)}: only JSON, JSONL and CSV are`,
    );
  }
}

function checkResultWriter(writer: JsonObject, place: string, report: Report): void {
  checkFields(writer, table.RESULT_WRITER_FIELDS, place, 'ResultWriter', report);
  if (!table.S3_OBJECT.write.test(textOf(writer.Resource))) {
    report(`${place}.Resource`, `the result target ${textOf(writer.Resource)}: only arn:aws:states:::s3:putObject is`);
  }
}
