export type { Cell, Chunk, Column, Fact, Kind, Table, Values } from './table/column.ts';
export { openRunTable } from './source/run-table.ts';
export type { Format } from './formats/format.ts';
export { formatOf, FORMATS } from './formats/formats.ts';
export { HIGHEST_ORDER } from './hats/write-hats.ts';
export {
  openTarget,
  writeCatalogue,
  type CatalogueTarget,
  type TargetOptions,
  type WriteOptions,
} from './write/write-catalogue.ts';
