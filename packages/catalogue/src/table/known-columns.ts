import type { Column } from './column.ts';

type Known = Pick<Column, 'unit' | 'ucd' | 'description'>;

/** What is known of columns by their names. Words of UCD1+ (https://www.ivoa.net/documents/UCD1+/), units of VOUnits. */
const KNOWN: Readonly<Record<string, Known>> = {
  id: { ucd: 'meta.id;meta.main', description: 'Name of the object' },
  ra: { unit: 'deg', ucd: 'pos.eq.ra;meta.main', description: 'Right ascension' },
  dec: { unit: 'deg', ucd: 'pos.eq.dec;meta.main', description: 'Declination' },
  z_pred: { ucd: 'src.redshift.phot', description: 'Redshift that the model predicts' },
  z_sigma: { ucd: 'stat.error;src.redshift.phot', description: 'Standard deviation of z_pred, by the model' },
  z_density: {
    ucd: 'stat.probability;src.redshift.phot',
    description: 'Probability of each bin of redshift, by the model; the metadata have the edges of the bins',
  },
  class: { ucd: 'meta.code.class', description: 'Class that the model finds most probable' },
  vector: { description: 'Numbers that the model answers' },
  z_spec: { ucd: 'src.redshift', description: 'True redshift, where it is known' },
  flags: {
    ucd: 'meta.code.qual',
    description: 'What may be wrong with the galaxy, a bit each (see the metadata); 0: nothing',
  },
};

/** The band of the spectrum that a filter lies in, as catalogues of SDSS tell it. */
const BANDS: Readonly<Record<string, string>> = {
  u: 'em.opt.U',
  g: 'em.opt.B',
  r: 'em.opt.R',
  i: 'em.opt.I',
  z: 'em.opt.I',
  y: 'em.IR.NIR',
};

/** @param beside the names of all columns */
export function knownOf(name: string, beside: readonly string[]): Known {
  const band = /^mag_(.+)$/.exec(name)?.[1];
  if (band !== undefined)
    return {
      unit: 'mag',
      ucd: BANDS[band] === undefined ? 'phot.mag' : `phot.mag;${BANDS[band]}`,
      description: `Magnitude in ${band}`,
    };
  const label = /^p_(.+)$/.exec(name)?.[1];
  if (label !== undefined && beside.includes('class'))
    return { ucd: 'stat.probability', description: `Probability of the class ${label}, by the model` };
  return KNOWN[usual(name)] ?? { description: `${name}, as it came with the galaxies` };
}

/** Files of surveys often have the names of positions in capitals, or in a group: `sky/RA`. */
export function usual(name: string): string {
  return /(?:^|\/)(ra|dec)$/i.exec(name)?.[1]?.toLowerCase() ?? name;
}

/** First what it is and what is predicted, then what it is compared with, what else came with it, and at last the flags. */
const FIRST = ['id', 'ra', 'dec', 'z_pred', 'z_sigma', 'class'];

export function inOrder(names: Iterable<string>): string[] {
  const all = new Set(names);
  const place = (name: string) => {
    const first = FIRST.indexOf(usual(name));
    if (first >= 0) return first;
    if (name === 'z_spec') return FIRST.length + 1;
    if (name.startsWith('z_') || name === 'vector') return FIRST.length;
    if (name.startsWith('p_') && all.has('class')) return FIRST.length;
    return FIRST.length + (name === 'flags' ? 3 : 2);
  };
  return [...all].sort((a, b) => place(a) - place(b));
}
