import type { Header } from '@cosmicai/fits';

const RADIANS = Math.PI / 180;

/** A place on the sky in degrees. */
export interface SkyPlace {
  readonly ra: number;
  readonly dec: number;
}

/**
 * Where the middle of an image lies, if its header says so in equatorial coordinates and a plain gnomonic projection (TAN); others,
 * and those with distortions, are left alone.
 */
export function centreOf(header: Header): SkyPlace | undefined {
  const types = [textOf(header, 'CTYPE1'), textOf(header, 'CTYPE2')];
  const isSwapped = types[0] === 'DEC--TAN' && types[1] === 'RA---TAN';
  if (!isSwapped && !(types[0] === 'RA---TAN' && types[1] === 'DEC--TAN')) return undefined;
  if (header.has('A_ORDER') || header.has('PV1_1') || header.has('PV2_1')) return undefined;
  if (numberOf(header, 'LONPOLE', 180) !== 180) return undefined;
  const matrix = matrixOf(header);
  const offsets = [1, 2].map(
    (axis) => (numberOf(header, `NAXIS${axis}`, NaN) + 1) / 2 - numberOf(header, `CRPIX${axis}`, 0),
  );
  const [x = NaN, y = NaN] = matrix.map(([a, b]) => a * (offsets[0] ?? NaN) + b * (offsets[1] ?? NaN));
  const values = [numberOf(header, 'CRVAL1', 0), numberOf(header, 'CRVAL2', 0)] as const;
  const place = isSwapped ? deprojected(y, x, values[1], values[0]) : deprojected(x, y, values[0], values[1]);
  return Number.isFinite(place.ra) && Number.isFinite(place.dec) ? place : undefined;
}

/** Degrees a pixel: the CD matrix, or CDELT with PC or CROTA2. */
function matrixOf(header: Header): readonly (readonly [number, number])[] {
  if (['CD1_1', 'CD1_2', 'CD2_1', 'CD2_2'].some((keyword) => header.has(keyword))) {
    const at = (row: number, column: number) => numberOf(header, `CD${row}_${column}`, 0);
    return [
      [at(1, 1), at(1, 2)],
      [at(2, 1), at(2, 2)],
    ];
  }
  const steps = [numberOf(header, 'CDELT1', 1), numberOf(header, 'CDELT2', 1)] as const;
  const turn = numberOf(header, 'CROTA2', 0) * RADIANS;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const has = header.has('CROTA2');
  const pc = (row: 1 | 2, column: 1 | 2, turned: number) =>
    has ? turned : steps[row === 1 ? 0 : 1] * numberOf(header, `PC${row}_${column}`, row === column ? 1 : 0);
  return [
    [pc(1, 1, steps[0] * cos), pc(1, 2, -steps[1] * sin)],
    [pc(2, 1, steps[0] * sin), pc(2, 2, steps[1] * cos)],
  ];
}

/** From the tangent plane, in degrees, to the sky. */
function deprojected(x: number, y: number, ra0: number, dec0: number): SkyPlace {
  const [xi, eta, dec] = [x * RADIANS, y * RADIANS, dec0 * RADIANS];
  const towards = Math.cos(dec) - eta * Math.sin(dec);
  const ra = ra0 + Math.atan2(xi, towards) / RADIANS;
  return {
    ra: ((ra % 360) + 360) % 360,
    dec: Math.atan2(Math.sin(dec) + eta * Math.cos(dec), Math.hypot(xi, towards)) / RADIANS,
  };
}

function textOf(header: Header, keyword: string): string | undefined {
  const { value } = header.cards.find((card) => card.keyword === keyword) ?? {};
  return typeof value === 'string' ? value.trim() : undefined;
}

/** NaN where the card is there and no number. */
function numberOf(header: Header, keyword: string, otherwise: number): number {
  const card = header.cards.find((candidate) => candidate.keyword === keyword);
  if (card?.value === undefined) return otherwise;
  return typeof card.value === 'number' ? card.value : NaN;
}
