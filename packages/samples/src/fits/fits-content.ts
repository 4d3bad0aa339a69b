import {
  describeImage,
  FitsFileError,
  hdusOf,
  tableOf,
  type FitsTable,
  type Hdu,
  type ImagePlace,
} from '@cosmicai/fits';
import type { ByteSource } from '@cosmicai/store';
import type { ReadOptions } from '../source.ts';
import { centreOf, type SkyPlace } from './wcs.ts';

/** An image of a file, as much as must be known to read it. */
export interface FoundImage extends ImagePlace {
  /** EXTNAME; '' where there is none. */
  readonly name: string;
  readonly centre: SkyPlace | undefined;
  readonly of: Hdu;
}

export interface FoundTable {
  readonly hdu: string;
  readonly table: FitsTable;
  readonly of: Hdu;
}

/** What a file has that samples could be made of. */
export interface FitsContent {
  readonly images: readonly FoundImage[];
  readonly tables: readonly FoundTable[];
  /** Those of images and tables that are read. */
  readonly hdus: readonly Hdu[];
  /** What is there and isn't read, and why. */
  readonly unread: ReadonlyMap<string, string>;
}

/** Images with these names are what others describe: their errors, weights and masks. */
const SCIENCE = ['SCI', 'SCIENCE', 'IMAGE'];

/** @throws FitsFileError when the file is damaged or truncated */
export async function fitsContent(file: ByteSource, options?: ReadOptions): Promise<FitsContent> {
  const images: FoundImage[] = [];
  const tables: FoundTable[] = [];
  const unread = new Map<string, string>();
  const hdus: Hdu[] = [];
  for await (const hdu of hdusOf(file, options)) {
    const name = hdu.header.hdu;
    if (hdu.kind === 'image' || hdu.kind === 'table') hdus.push(hdu);
    if (hdu.kind === 'image') {
      images.push({
        ...describeImage(hdu),
        name: extensionName(hdu.header.cards),
        centre: centreOf(hdu.header),
        of: hdu,
      });
    } else if (hdu.kind === 'table') {
      tables.push({ hdu: name, table: await tableOf(file, hdu, options), of: hdu });
    } else if (hdu.kind === 'compressed') {
      unread.set(name, `is an image in compressed tiles; unpack it with: funpack ${file.name.split('/').at(-1)}`);
    } else if (hdu.kind === 'ascii-table') {
      unread.set(name, 'is an ASCII table; write it as a binary one');
    }
  }
  const science = images.filter((image) => SCIENCE.includes(image.name.toUpperCase()));
  const chosen = science.length > 0 ? science : images;
  const read = hdus.filter((hdu) => hdu.kind === 'table' || chosen.some(({ of }) => of === hdu));
  return { images: chosen, tables, hdus: read, unread };
}

function extensionName(cards: readonly { readonly keyword: string; readonly value?: unknown }[]): string {
  const value = cards.find(({ keyword }) => keyword === 'EXTNAME')?.value;
  return typeof value === 'string' ? value.trim() : '';
}

/** What is in a file that nothing can be made of. */
export function refuseContent(file: ByteSource, { images, tables, unread }: FitsContent, why: string): FitsFileError {
  const found = [
    ...images.map(({ hdu, shape }) => `${hdu}, an image [${shape.join(', ')}]`),
    ...tables.map(({ hdu, table }) => `${hdu}, a table of ${table.count} rows`),
    ...[...unread].map(([hdu, reason]) => `${hdu}, which ${reason}`),
  ];
  const shown = found.slice(0, 8).join('; ');
  const more = found.length > 8 ? ` and ${found.length - 8} more` : '';
  return new FitsFileError(
    file.name,
    undefined,
    `${why}. It has: ${found.length === 0 ? 'no images and no tables' : shown}${more}.`,
  );
}
