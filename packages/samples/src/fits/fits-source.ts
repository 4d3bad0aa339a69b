import type { FitsColumn } from '@cosmicai/fits';
import { imageAt, PassingSums } from '@cosmicai/fits';
import type { ByteSource } from '@cosmicai/store';
import { someOf } from '../folder/sample-folder.ts';
import type { OpenSamplesOptions } from '../format.ts';
import { rangedSource } from '../ranged-source.ts';
import type { ColumnValues, ReadOptions, SampleColumn, SampleSource } from '../source.ts';
import { bandsOf } from './bands.ts';
import { commonType } from './common-type.ts';
import { fitsContent, refuseContent, type FitsContent, type FoundImage, type FoundTable } from './fits-content.ts';
import { readImages, type NumberColumnType } from './image-values.ts';

export interface OpenFitsOptions extends ReadOptions, Pick<OpenSamplesOptions, 'checkCrc'> {}

/** Images of a file, a galaxy each. */
interface ImageStack {
  readonly count: number;
  readonly type: NumberColumnType;
  /** Of one galaxy. */
  readonly shape: readonly number[];
  readonly parts?: readonly string[];
  /** Columns that come with the images: their names and where they lie. */
  readonly beside: readonly { readonly column: SampleColumn; readonly values: ColumnValues }[];
  read(from: number, to: number, options: ReadOptions): Promise<ColumnValues>;
}

/**
 * The samples of a FITS file: the rows of its table with images, or its images: one for each HDU, or for each plane of a cube of
 * four axes, or of three where a table has as many rows. Tables with as many rows as there are samples go with them.
 *
 * Where all are read the data are compared with their DATASUM. CHECKSUM is left alone: it is of headers, too, which tools rewrite
 * without it.
 *
 * @throws FitsFileError when it is damaged, or has nothing that samples could be
 */
export async function openFitsSource(
  bytes: ByteSource,
  { checkCrc = true, ...options }: OpenFitsOptions = {},
): Promise<SampleSource> {
  const file = checkCrc ? new PassingSums(bytes) : bytes;
  const content = await fitsContent(file, options);
  if (file instanceof PassingSums) file.watch(content.hdus);
  const { images, tables } = content;
  const main = tables.find(({ table }) => table.count > 0 && table.columns.some((column) => isImage(column)));
  if (main !== undefined) return sourceOf(file, content, main.table.count, undefined, main);
  if (images.length > 0) {
    const stack = stackOf(file, content);
    return sourceOf(file, content, stack.count, stack, undefined);
  }
  const rows = tables.find(({ table }) => table.count > 0) ?? tables[0];
  if (rows === undefined) throw refuseContent(file, content, 'there are no images and no tables in this FITS file');
  return sourceOf(file, content, rows.table.count, undefined, rows);
}

/** Arrays that are wide enough to be a galaxy's image, flat or not. */
function isImage({ type, shape }: FitsColumn): boolean {
  return type !== 'text' && type !== 'bool' && (shape.length > 1 || (shape[0] ?? 0) >= 64);
}

function sourceOf(
  file: ByteSource,
  { tables, unread }: FitsContent,
  count: number,
  stack: ImageStack | undefined,
  main: FoundTable | undefined,
): SampleSource {
  const fitting = tables.filter((found) => found === main || found.table.count === count);
  const unfit = new Map(unread);
  for (const { hdu, table } of tables) {
    if (table.count !== count) unfit.set(hdu, `has ${table.count} rows, and there are ${count} galaxies`);
  }
  const taken = new Set<string>();
  const uniquely = (name: string) => {
    let free = name;
    for (let more = 2; taken.has(free); more++) free = `${name}_${more}`;
    taken.add(free);
    return free;
  };
  const image: SampleColumn[] =
    stack === undefined
      ? []
      : [{ name: uniquely('image'), type: stack.type, shape: stack.shape, ...(stack.parts && { parts: stack.parts }) }];
  const joined = fitting.map(({ table }) => ({
    table,
    columns: table.columns.map((column): readonly [string, SampleColumn] => [
      column.name,
      {
        name: uniquely(column.name),
        type: column.type,
        shape: column.shape,
        ...(column.gaps && { gaps: column.gaps }),
      },
    ]),
  }));
  // What a table says of the sky is more than what can be worked out.
  const names = new Set([...taken].map((name) => name.toLowerCase()));
  const beside = stack?.beside.filter(({ column }) => !names.has(column.name)) ?? [];
  let notChecked: string | undefined;
  return rangedSource({
    name: file.name,
    count,
    columns: [
      ...image,
      ...joined.flatMap(({ columns }) => columns.map(([, column]) => column)),
      ...beside.map(({ column }) => column),
    ],
    ...(unfit.size > 0 && { unfit }),
    unchecked: () => notChecked,
    ...(file instanceof PassingSums && {
      async check(options) {
        const { unsummed, partly } = await file.finish(options);
        notChecked = whyUnchecked(unsummed, partly);
      },
    }),
    async values(from, to, wanted, options) {
      const values = new Map<string, ColumnValues>();
      const isWanted = ({ name }: SampleColumn) => wanted.some((column) => column.name === name);
      if (stack !== undefined && image.some(isWanted)) values.set('image', await stack.read(from, to, options));
      for (const { table, columns } of joined) {
        const here = columns.filter(([, column]) => isWanted(column));
        if (here.length === 0) continue;
        const read = await table.rows(from, to, { ...options, columns: here.map(([name]) => name) });
        for (const [name, column] of here) values.set(column.name, read.get(name) ?? []);
      }
      for (const { column, values: all } of beside) values.set(column.name, all.slice(from, to));
      return values;
    },
  });
}

function stackOf(file: ByteSource, content: FitsContent): ImageStack {
  const { images, tables } = content;
  const shapes = new Set(images.map(({ shape }) => shape.join(', ')));
  const [first] = images;
  if (first === undefined || shapes.size > 1) {
    throw refuseContent(file, content, 'the images of this FITS file are of several shapes, and galaxies need one');
  }
  const bands = bandsOf(images.map(({ name }) => name));
  if (images.length === 1) return cubeOf(file, first, tables);
  return bands === undefined ? eachOf(file, images) : bandStack(file, images, bands);
}

/** Planes of one image. */
function cubeOf(file: ByteSource, image: FoundImage, tables: readonly FoundTable[]): ImageStack {
  const [planes = 1, ...rest] = image.shape;
  const isMany =
    image.shape.length > 3 || (image.shape.length === 3 && tables.some(({ table }) => table.count === planes));
  const shape = isMany ? rest : image.shape;
  const each = shape.reduce((product, size) => product * size, 1);
  return {
    count: isMany ? planes : 1,
    type: image.reader.type,
    shape,
    beside: isMany ? [] : placesOf([image]),
    read: (from, to, options) => imageAt(file, image).pixels(from * each, to * each, options),
  };
}

/** A galaxy in each HDU. */
function eachOf(file: ByteSource, images: readonly FoundImage[]): ImageStack {
  const type = commonType(images.map(({ reader }) => reader.type));
  const names = images.map(({ name }) => name);
  const extension = { column: { name: 'extname', type: 'text', shape: [] } as const, values: names };
  return {
    count: images.length,
    type,
    shape: images[0]?.shape ?? [],
    beside: [...(names.every((name) => name === '') ? [] : [extension]), ...placesOf(images)],
    read: (from, to, options) => readImages(file, images.slice(from, to), type, options),
  };
}

/** One galaxy, a band in each HDU. */
export function bandStack(file: ByteSource, images: readonly FoundImage[], bands: readonly string[]): ImageStack {
  const type = commonType(images.map(({ reader }) => reader.type));
  return {
    count: 1,
    type,
    shape: [images.length, ...(images[0]?.shape ?? [])],
    parts: bands,
    beside: placesOf(images.slice(0, 1)),
    read: (_from, _to, options) => readImages(file, images, type, options),
  };
}

/** Where the images lie, if all say so. */
function placesOf(images: readonly FoundImage[]): ImageStack['beside'] {
  const places = images.map(({ centre }) => centre).filter((centre) => centre !== undefined);
  if (places.length < images.length) return [];
  return (['ra', 'dec'] as const).map((name) => ({
    column: { name, type: 'float64', shape: [] },
    values: Float64Array.from(places, (place) => place[name]),
  }));
}

/** Of HDUs or files that have no sums, and of HDUs of which most was not read. */
export function whyUnchecked(unsummed: readonly string[], partly: readonly string[] = []): string | undefined {
  const reasons = [
    ...(unsummed.length > 0 ? [`no sums (DATASUM) of ${someOf(unsummed)} are there`] : []),
    ...(partly.length > 0 ? [`of ${someOf(partly)} most bytes were not read, so DATASUM was not checked`] : []),
  ];
  return reasons.length === 0 ? undefined : reasons.join('; ');
}
