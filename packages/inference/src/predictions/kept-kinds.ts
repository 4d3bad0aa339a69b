import type { ColumnChoice, ModelSpec } from '@cosmicai/payload';
import { openGalaxies, type SampleInput } from '@cosmicai/samples';
import { commonKinds, type CarriedKind, type CarryingFile } from './carried-columns.ts';

export interface KeptKindsOptions {
  readonly spec: ModelSpec;
  readonly columns?: ColumnChoice | undefined;
  /** Names of the columns. */
  readonly keep?: readonly string[] | undefined;
}

/**
 * What the columns that are kept of several files become, looked up before anything is predicted: what doesn't go together isn't
 * to be found out at the end. Nothing is opened where one file, or no column, leaves no question.
 *
 * @param open gives the nth file
 * @returns undefined where there is no question
 * @throws UserInputError as commonKinds does, and where a file lacks a column
 */
export async function keptKinds(
  files: number,
  open: (place: number) => Promise<SampleInput>,
  { spec, columns, keep = [] }: KeptKindsOptions,
): Promise<readonly CarriedKind[] | undefined> {
  if (keep.length === 0 || files < 2) return undefined;
  const found: CarryingFile[] = [];
  for (let place = 0; place < files; place++) {
    // Sums are of what is read, and this is about names.
    const { name, count, carries } = await openGalaxies(await open(place), { checkCrc: false, spec, columns, keep });
    if (count > 0) found.push({ name, kinds: carries });
  }
  return commonKinds(found);
}
