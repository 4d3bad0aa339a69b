import { UnusableFileError } from '@cosmicai/payload';

/** A FITS file that can't be used: damaged, truncated, or of a kind that isn't read. Names the HDU and, where one is to blame, the card. */
export class FitsFileError extends UnusableFileError {}
