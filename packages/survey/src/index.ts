export { readCatalogue, type Catalogue, type CatalogueOptions } from './catalogue.ts';
export type { ColumnMapping } from './catalogue-columns.ts';
export { CatalogueError } from './catalogue-error.ts';
export type { FiveBands } from './bands.ts';
export type { Photometry } from './galaxy.ts';
export { simulateSurvey, type SurveyOptions } from './simulate-survey.ts';
export { writeSurvey, type SurveyProgress, type WriteSurveyOptions, type WrittenPartition } from './write-survey.ts';
