import { PassingSums } from '@cosmicai/fits';
import { ASTROMAE, UserInputError } from '@cosmicai/payload';
import pMap from 'p-map';
import { kindsIn } from '../columns/kept.ts';
import { isIdName } from '../columns/names.ts';
import { fitsContent } from '../fits/fits-content.ts';
import { whyUnchecked } from '../fits/fits-source.ts';
import type { OpenSamplesOptions } from '../format.ts';
import { newNumbers } from '../new-values.ts';
import { rangedSource } from '../ranged-source.ts';
import type { ColumnValues, ReadOptions, SampleColumn, SampleSource } from '../source.ts';
import { readCutout, type Cutout, type CutoutShape } from './cutout.ts';
import { isFitsName, isPackedFitsName, objectsOf, type FileObject } from './file-objects.ts';
import { joined, type Joined } from './join.ts';
import { isCsvName, readCsvTable, readFitsTable, rowsOf, type ObjectTable, type TableOptions } from './object-table.ts';
import { someOf, type FolderFile, type SampleFolder } from './sample-folder.ts';

export interface CutoutsOptions extends Pick<ReadOptions, 'signal'>, Pick<OpenSamplesOptions, 'checkCrc'> {
  /** True: files that are missing, that nobody names, or that can't be read are refused. Default: they are told in `notes`. */
  readonly strict?: boolean | undefined;
}

/** Files that are read at once. */
const AT_ONCE = 16;
/** Of a folder with more files, only those of a rare size can be its table: cutouts of one shape have one size. */
const MOST_LOOKED_AT = 64;
/** Files that may be broken before one is found that tells the shape of all. */
const MOST_TRIED = 50;

/** A galaxy of a folder: its files, and its row of the table. */
export interface CutoutMember {
  readonly object: FileObject;
  readonly row: number | undefined;
}

/** Which galaxies a folder has, and what their images have in common. */
export interface CutoutPlan {
  /** The file of the table, if there is one. */
  readonly table: FolderFile | undefined;
  /** Whether images say where they lie on the sky. */
  readonly shape: CutoutShape & { readonly placed: boolean };
  readonly members: readonly CutoutMember[];
  /** Sentences about files and rows that are left out. */
  readonly notes: readonly string[];
}

/**
 * A folder of FITS cutouts, a file for each galaxy or for each of its bands, with a table of them (CSV, or a FITS file with a table
 * and no image), if there is one. The table's rows find their files by name; without a table the galaxies are called as their files.
 *
 * A cutout that can't be read is an image of NaN, and told in `notes`, so that the others aren't lost.
 *
 * @throws UserInputError when there are no cutouts, two tables, or a table that names none of the files
 */
export async function openCutouts(folder: SampleFolder, options: CutoutsOptions = {}): Promise<SampleSource> {
  const { table, ...plan } = await planned(folder, options);
  return sourceOf(folder.name, { ...plan, table }, options);
}

/**
 * What `openCutouts` would open, to be shared out.
 *
 * @throws UserInputError as it does, and for columns to keep that the galaxies don't have
 */
export async function planCutouts(
  folder: SampleFolder,
  {
    spec = ASTROMAE,
    columns,
    keep = [],
    ...options
  }: CutoutsOptions & Pick<OpenSamplesOptions, 'spec' | 'columns' | 'keep'> = {},
): Promise<CutoutPlan> {
  const { table, ...plan } = await planned(folder, options);
  kindsIn(sourceOf(folder.name, { ...plan, table }, {}), spec, keep, columns);
  return { ...plan, table: table?.file };
}

/** Some galaxies of a folder that was planned. @param name of the folder in messages */
export async function openPlannedCutouts(
  name: string,
  { table, ...plan }: CutoutPlan,
  { signal, checkCrc }: Pick<CutoutsOptions, 'signal' | 'checkCrc'> = {},
): Promise<SampleSource> {
  const read = table && {
    file: table,
    content: await readTable(table, { ...(signal && { signal }), ...(checkCrc !== undefined && { checkCrc }) }),
  };
  return sourceOf(name, { ...plan, table: read }, { ...(checkCrc !== undefined && { checkCrc }) });
}

interface FoundObjects {
  readonly file: FolderFile;
  readonly content: ObjectTable;
}

type Planned = Omit<CutoutPlan, 'table'> & { readonly table: FoundObjects | undefined };

async function planned(folder: SampleFolder, { strict = false, signal, checkCrc }: CutoutsOptions): Promise<Planned> {
  const options = { ...(signal && { signal }), ...(checkCrc !== undefined && { checkCrc }) };
  const { table, cutouts, others } = await sorted(folder, options);
  const objects = objectsOf(cutouts);
  const join = table && joined(table.content, objects);
  if (table !== undefined && join === undefined) {
    throw new UserInputError(
      `No column of ${table.content.name} names the cutouts of ${folder.name}, which are called ${someOf(cutouts.map(({ name }) => name))}. Give it a column with the names of the files, or the files names that stand in it.`,
    );
  }
  const members: readonly CutoutMember[] = join?.rows ?? objects.map((object) => ({ object, row: undefined }));
  const notes = [
    ...(join === undefined ? [] : strayNotes(folder, table?.content.name ?? '', join)),
    ...otherNotes(folder, others),
  ];
  if (strict && notes.length > 0) throw new UserInputError(notes.join('\n'));
  const { centre, ...shape } = await shapeOf(folder, members, strict, options);
  return {
    table,
    members,
    notes: [...sharedNotes(table, join), ...notes],
    shape: { ...shape, placed: centre !== undefined },
  };
}

function sourceOf(
  folder: string,
  { table: found, members, notes: told, shape: common }: Planned,
  { strict = false, checkCrc = true }: Pick<CutoutsOptions, 'strict' | 'checkCrc'>,
): SampleSource {
  const table = found?.content;
  const broken = new Map<string, string>();
  const unsummed = new Set<string>(table?.unsummed === true ? [table.name] : []);

  async function cutoutOf({ object }: CutoutMember, reading: ReadOptions): Promise<Cutout | undefined> {
    try {
      const cutout = await readCutout(object, common, { ...reading, checkCrc });
      for (const file of cutout.unsummed) unsummed.add(file);
      const problem = cutout.shape.join(', ') === common.shape.join(', ') ? undefined : otherShape(cutout, common);
      if (problem === undefined) return cutout;
      throw new UserInputError(`${object.files[0]?.file.name}: ${problem}`);
    } catch (error) {
      if (strict || !(error instanceof UserInputError)) throw error;
      broken.set(object.name, error.message);
      return undefined;
    }
  }

  const beside = columnsBeside(table, common);
  return rangedSource({
    name: folder,
    count: members.length,
    columns: [
      imageColumn(common),
      ...(table?.columns.map(({ name, type, shape, gaps }) => ({ name, type, shape, ...(gaps && { gaps }) })) ?? []),
      ...beside,
    ],
    unchecked: () => whyUnchecked([...unsummed]),
    async values(from, to, wanted, reading) {
      const here = members.slice(from, to);
      const isWanted = (...names: string[]) => wanted.some(({ name }) => names.includes(name));
      const values = new Map<string, ColumnValues>();
      if (isWanted('image') || (isWanted('ra', 'dec') && beside.some(({ name }) => name === 'ra'))) {
        const cutouts = await pMap(here, (member) => cutoutOf(member, reading), { concurrency: AT_ONCE, ...reading });
        setImages(values, cutouts, common);
      }
      for (const column of table?.columns ?? []) {
        if (isWanted(column.name))
          values.set(
            column.name,
            rowsOf(
              column,
              here.map(({ row = 0 }) => row),
            ),
          );
      }
      const names = here.map(({ object }) => object.name);
      for (const { name } of beside) if (name === 'id' || name === 'file') values.set(name, names);
      return values;
    },
    notes: () => [
      ...told,
      ...(broken.size > 0
        ? [
            `${countOf(broken.size, 'cutout')} of ${folder} can’t be read, and their galaxies have no image: ${someOf([...broken.values()])}.`,
          ]
        : []),
    ],
  });
}

/** Cutouts, their table, and what else is there. */
async function sorted(
  folder: SampleFolder,
  options: TableOptions,
): Promise<{ table: FoundObjects | undefined; cutouts: readonly FolderFile[]; others: readonly string[] }> {
  const fits = folder.files.filter(({ name }) => isFitsName(name));
  const tables: FoundObjects[] =
    folder.table === undefined ? [] : [{ file: folder.table, content: await readTable(folder.table, options) }];
  const notCutouts = new Set<FolderFile>();
  const isNamed = folder.table !== undefined;
  for (const file of folder.files.filter(({ name }) => !isNamed && isCsvName(name)))
    tables.push({ file, content: await readTable(file, options) });
  for (const file of candidates(fits)) {
    const source = new PassingSums(await file.open());
    // What is broken is said when it is read.
    const content = await fitsContent(source, options).catch((error: unknown) => {
      if (error instanceof UserInputError) return undefined;
      throw error;
    });
    const found = content?.images.length === 0 ? content.tables[0] : undefined;
    if (found === undefined) continue;
    notCutouts.add(file);
    if (isNamed) continue;
    tables.push({ file, content: await readFitsTable(source, found, options) });
  }
  const [table, second] = tables;
  if (table !== undefined && second !== undefined) {
    throw new UserInputError(
      `There are two tables in ${folder.name}, ${table.content.name} and ${second.content.name}: name the one of the cutouts with --table (infer, convert), or move the other away.`,
    );
  }
  const cutouts = fits.filter((file) => !notCutouts.has(file));
  const others = folder.files.filter(({ name }) => !isFitsName(name) && !isCsvName(name));
  if (cutouts.length > 0) return { table, cutouts, others: others.map(({ name }) => name) };
  const packed = others.filter(({ name }) => isPackedFitsName(name)).map(({ name }) => name);
  throw new UserInputError(
    packed.length > 0
      ? `The cutouts of ${folder.name} are packed: ${someOf(packed)}. Unpack them, with funpack (.fz) or gunzip (.gz).`
      : `There are no FITS cutouts in ${folder.name}.`,
  );
}

async function readTable(file: FolderFile, options: TableOptions): Promise<ObjectTable> {
  const source = new PassingSums(await file.open());
  if (isCsvName(file.name)) return await readCsvTable(source, options);
  const [found] = (await fitsContent(source, options)).tables;
  if (found === undefined) throw new UserInputError(`There is no table in ${source.name}.`);
  return await readFitsTable(source, found, options);
}

/** Files that may be the table. */
function candidates(fits: readonly FolderFile[]): readonly FolderFile[] {
  if (fits.length <= MOST_LOOKED_AT) return fits;
  const counts = new Map<number, number>();
  for (const { size } of fits) counts.set(size, (counts.get(size) ?? 0) + 1);
  return fits
    .filter(({ size }) => (counts.get(size) ?? 0) <= 3)
    .sort((a, b) => b.size - a.size)
    .slice(0, MOST_LOOKED_AT);
}

/** What the first cutout has that can be read. */
async function shapeOf(
  folder: SampleFolder,
  members: readonly CutoutMember[],
  strict: boolean,
  options: ReadOptions & Pick<OpenSamplesOptions, 'checkCrc'>,
): Promise<CutoutShape & Pick<Cutout, 'centre'>> {
  let problem: UserInputError | undefined;
  for (const { object } of members.slice(0, strict ? 1 : MOST_TRIED)) {
    try {
      const { type, shape, parts, centre } = await readCutout(object, undefined, options);
      return { type, shape, centre, ...(parts && { parts }) };
    } catch (error) {
      if (!(error instanceof UserInputError)) throw error;
      problem ??= error;
    }
  }
  throw problem ?? new UserInputError(`There are no cutouts in ${folder.name}.`);
}

function imageColumn({ type, shape, parts }: CutoutShape): SampleColumn {
  return { name: 'image', type, shape, ...(parts && { parts }) };
}

/** Columns that the table hasn't: the galaxies' names, as their files are called, and where they lie. */
function columnsBeside(table: ObjectTable | undefined, { placed }: CutoutPlan['shape']): SampleColumn[] {
  const names = table?.columns.map(({ name }) => name.toLowerCase()) ?? [];
  const name = names.some((column) => isIdName(column)) ? 'file' : 'id';
  const places = !placed || names.includes('ra') || names.includes('dec') ? [] : ['ra', 'dec'];
  return [
    ...(names.includes(name) ? [] : [{ name, type: 'text', shape: [] } as const]),
    ...places.map((place) => ({ name: place, type: 'float64', shape: [] }) as const),
  ];
}

function setImages(
  values: Map<string, ColumnValues>,
  cutouts: readonly (Cutout | undefined)[],
  { type, shape }: CutoutShape,
): void {
  const size = shape.reduce((product, length) => product * length, 1);
  const images = newNumbers(type, cutouts.length * size);
  const ra = new Float64Array(cutouts.length);
  const dec = new Float64Array(cutouts.length);
  for (const [place, cutout] of cutouts.entries()) {
    if (cutout === undefined) images.fill(NaN, place * size, (place + 1) * size);
    else images.set(cutout.pixels, place * size);
    ra[place] = cutout?.centre?.ra ?? NaN;
    dec[place] = cutout?.centre?.dec ?? NaN;
  }
  values.set('image', images).set('ra', ra).set('dec', dec);
}

function sharedNotes(table: FoundObjects | undefined, join: Joined | undefined): string[] {
  const { shared = [] } = join ?? {};
  if (table === undefined || shared.length === 0) return [];
  const rows = countOf(shared.length, 'row');
  return [
    `${rows} of ${table.content.name} ${shared.length === 1 ? 'names' : 'name'} a file that an earlier row names, too; each is a galaxy of its own: ${someOf(shared)}.`,
  ];
}

function strayNotes(folder: SampleFolder, table: string, { missing, extra }: Joined): string[] {
  const [rows, files] = [countOf(missing.length, 'row'), countOf(extra.length, 'file')];
  return [
    ...(missing.length > 0 ? [`${rows} of ${table} without a file, left out: ${someOf(missing)}.`] : []),
    ...(extra.length > 0 ? [`${files} of ${folder.name} that ${table} doesn’t name, left out: ${someOf(extra)}.`] : []),
  ];
}

function otherNotes(folder: SampleFolder, others: readonly string[]): string[] {
  return others.length > 0
    ? [`${countOf(others.length, 'other file')} of ${folder.name}, not read: ${someOf(others)}.`]
    : [];
}

function otherShape(cutout: CutoutShape, common: CutoutShape): string {
  return `its image is [${cutout.shape.join(', ')}], and those of others [${common.shape.join(', ')}]`;
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
