import { ASTROMAE, UserInputError, type ColumnChoice, type ModelSpec } from '@cosmicai/payload';
import pMap from 'p-map';
import type { SampleInput } from '../folder/folder-inputs.ts';
import { openSamples } from '../open-samples.ts';
import type { SampleSource } from '../source.ts';
import { chooseColumns } from './choose.ts';
import { kindsIn, type CarriedKind } from './kept.ts';

/** What a file has of the columns that are kept. */
export interface CarryingFile {
  /** For messages. */
  readonly name: string;
  readonly kinds: readonly CarriedKind[];
}

/**
 * The columns that are kept of several files, in types that hold the values of all of them.
 *
 * @throws UserInputError for a column that a file lacks, or whose types have no such type, as text and numbers have none
 */
export function commonKinds(files: readonly CarryingFile[]): readonly CarriedKind[] {
  const [first, ...others] = files;
  return (first?.kinds ?? []).map(({ name, type }) => {
    let common = type;
    for (const file of others) {
      const found = file.kinds.find((kind) => kind.name === name)?.type;
      const wide = found && widerKind(common, found);
      if (wide === undefined)
        throw otherKind(
          name,
          found,
          file.name,
          `${common} in ${first?.name ?? ''} and the files after it, and no type holds both`,
        );
      common = wide;
    }
    return { name, type: common };
  });
}

/** Whole numbers from the narrowest on, with all types that hold their values. */
const HOLDS: Readonly<Record<CarriedKind['type'], readonly CarriedKind['type'][]>> = {
  uint8: ['int16', 'uint16', 'int32', 'uint32', 'int64', 'float32', 'float64'],
  int8: ['int16', 'int32', 'int64', 'float32', 'float64'],
  uint16: ['int32', 'uint32', 'int64', 'float32', 'float64'],
  int16: ['int32', 'int64', 'float32', 'float64'],
  uint32: ['int64', 'float64'],
  int32: ['int64', 'float64'],
  float32: ['float64'],
  int64: [],
  uint64: [],
  float64: [],
  bool: [],
  text: [],
};

/** The narrowest type that holds the values of both, bit for bit; undefined: there is none. */
export function widerKind(one: CarriedKind['type'], other: CarriedKind['type']): CarriedKind['type'] | undefined {
  return [one, ...HOLDS[one]].find((type) => type === other || HOLDS[other].includes(type));
}

/** That a file has a kept column in a type that no other goes with. */
export function otherKind(name: string, found: string | undefined, file: string, expected: string): UserInputError {
  const is = found === undefined ? 'is not there' : `is ${found}`;
  return new UserInputError(
    `The column ${name}, which is kept, ${is} in ${file} and ${expected}. Leave it out of what is kept, or run the files one by one.`,
  );
}

export interface KeptKindsOptions {
  readonly spec?: ModelSpec | undefined;
  readonly columns?: ColumnChoice | undefined;
  /** Names of the columns. */
  readonly keep?: readonly string[] | undefined;
  /** True: files that can't be opened are passed over, and told by who reads them. */
  readonly lenient?: boolean;
}

const AT_ONCE = 16;

/**
 * What the columns that are kept of several files become, looked up before anything is predicted: what doesn't go together isn't
 * to be found out at the end. Nothing is opened where nothing is kept.
 *
 * @param open gives the nth file
 * @returns undefined where nothing is kept, or no file with galaxies can be opened
 * @throws UserInputError as commonKinds does, and where a file lacks a column
 */
export async function keptKinds(
  files: number,
  open: (place: number) => Promise<SampleInput>,
  { spec = ASTROMAE, columns, keep = [], lenient = false }: KeptKindsOptions,
): Promise<readonly CarriedKind[] | undefined> {
  if (keep.length === 0) return undefined;
  const found = await lookedAt(files, open, { spec, columns, lenient }, (source): CarryingFile[] => {
    return [{ name: source.name, kinds: kindsIn(source, spec, keep, columns) }];
  });
  return found.length === 0 ? undefined : commonKinds(found);
}

/** How a file names its objects: by numbers, by text or not at all. */
export type NamedBy = 'none' | 'numbers' | 'text';

export interface FilesLookedAt {
  /** As `keptKinds`. */
  readonly kinds?: readonly CarriedKind[];
  /** Of each file with samples that could be opened. */
  readonly names: readonly NamedBy[];
}

/**
 * What several files have of the columns that are kept, and how they name their objects, by one look into each, before anything is
 * predicted. Where nothing is kept, what can't be opened is told by who reads it.
 *
 * @param open gives the nth file
 * @throws UserInputError as keptKinds does
 */
export async function lookInto(
  files: number,
  open: (place: number) => Promise<SampleInput>,
  { spec = ASTROMAE, columns, keep = [] }: Pick<KeptKindsOptions, 'spec' | 'columns' | 'keep'>,
): Promise<FilesLookedAt> {
  const found = await lookedAt(files, open, { spec, columns, lenient: keep.length === 0 }, (source) => [
    {
      name: source.name,
      kinds: keep.length === 0 ? [] : kindsIn(source, spec, keep, columns),
      names: namedBy(source, spec, columns),
    },
  ]);
  return {
    ...(keep.length > 0 && found.length > 0 && { kinds: commonKinds(found) }),
    names: found.flatMap(({ names }) => names),
  };
}

function namedBy(source: SampleSource, spec: ModelSpec, columns: ColumnChoice | undefined): readonly NamedBy[] {
  try {
    const { id } = chooseColumns(source, spec, columns);
    if (id === undefined) return ['none'];
    // As idsOf hands them out.
    return [id.type === 'text' || id.type === 'uint64' ? 'text' : 'numbers'];
  } catch (error) {
    if (error instanceof UserInputError) return [];
    throw error;
  }
}

/** What is found in the columns of files with samples, of which nothing more is read. */
async function lookedAt<Found>(
  files: number,
  open: (place: number) => Promise<SampleInput>,
  { spec, columns, lenient = false }: Omit<KeptKindsOptions, 'keep' | 'spec'> & { readonly spec: ModelSpec },
  look: (source: SampleSource) => readonly Found[],
): Promise<Found[]> {
  const places = Array.from({ length: files }, (_, place) => place);
  const found = await pMap(
    places,
    async (place): Promise<readonly Found[]> => {
      let source: SampleSource;
      try {
        // Sums are of what is read, and this is about names.
        source = await openSamples(await open(place), { checkCrc: false, spec, columns });
      } catch (error) {
        if (!lenient) throw error;
        return [];
      }
      return source.count === 0 ? [] : look(source);
    },
    { concurrency: AT_ONCE },
  );
  return found.flat();
}
