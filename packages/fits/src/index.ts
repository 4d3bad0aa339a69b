export { FitsFileError } from './errors.ts';
export { FitsSum } from './checksum.ts';
export { BLOCK_BYTES, CARD_BYTES, type Card, type CardValue } from './header/card.ts';
export { formatHeader } from './header/format.ts';
export { parseCards, type ParsedCards } from './header/parse.ts';
export { dataFits } from './read/data-sum.ts';
export { PassingSums, wrongSum } from './read/passing-sums.ts';
export { hdusOf, type Hdu, type HduKind } from './read/hdu.ts';
export { Header } from './read/header.ts';
export { describeImage, imageAt, imageOf, type FitsImage, type ImagePlace } from './read/image.ts';
export type { FitsNumbers, FitsNumberType } from './read/numbers.ts';
export { tableOf, type FitsTable, type FitsValues } from './read/table.ts';
export type { FitsColumn } from './read/table-columns.ts';
export {
  BinaryTable,
  type TableCell,
  type TableColumn,
  type TableShape,
  type TableType,
} from './write/binary-table.ts';
