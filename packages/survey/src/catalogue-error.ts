import { UserInputError } from '@cosmicai/payload';

/** The catalogue can't be used as it is: which line, which column, what is wrong. */
export class CatalogueError extends UserInputError {}
