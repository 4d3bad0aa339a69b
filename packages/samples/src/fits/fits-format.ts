import type { SampleFormat } from '../format.ts';
import { openFitsSource } from './fits-source.ts';

/** Images of a FITS file, or a table with images. */
export const fits: SampleFormat = {
  name: 'fits',
  signature: 'a FITS file, which begins with SIMPLE',
  begins: (head) => Buffer.from(head.subarray(0, 9)).toString('latin1') === 'SIMPLE  =',
  open: (file, { checkCrc }) => openFitsSource(file, { ...(checkCrc !== undefined && { checkCrc }) }),
};
