import { isInOrder, UNREAD_COLUMN, type ColumnChoice, type ModelSpec } from '@cosmicai/payload';
import { ID_COLUMN, type SampleColumn, type SampleSource } from '../source.ts';
import { isOneEach, isScalar, likeFeature, orderLike } from './describe.ts';
import { columnsNamed, isFeaturesName, isIdName, isImageName, isTruthName, ownName } from './names.ts';

/** A source's columns and what a model takes of them, as far as it is known. */
export interface Choosing {
  readonly source: SampleSource;
  readonly spec: ModelSpec;
  /** What was said of them. */
  readonly choice: ColumnChoice | undefined;
  /** Columns that have been found, by what they are. */
  readonly picked: ReadonlyMap<string, string>;
}

/** A sentence with what could be typed; where no column can be what is missing, it says that instead. */
export function suggestion(choosing: Choosing): string {
  const { source, spec } = choosing;
  const isUnnamed = source.unnamed === true;
  const order = isUnnamed ? orderLike(source, spec) : [];
  const found = isUnnamed ? { missing: missingOf(order, spec), typed: order.join(',') } : byName(choosing);
  if (found.missing === undefined) {
    const what = isUnnamed ? 'Say what they are, in order' : 'Say which is which';
    return `${what}: --columns ${found.typed}`;
  }
  return found.missing === 'image'
    ? 'Nothing in it can be images.'
    : `Nothing in it can be the magnitudes (${spec.features.join(', ')}): add them to the file, or take a model of images alone.`;
}

interface Suggested {
  readonly missing: 'image' | 'magnitudes' | undefined;
  readonly typed: string;
}

function missingOf(order: readonly string[], { features }: ModelSpec): Suggested['missing'] {
  if (!order.includes('images')) return 'image';
  return features.length > 0 && !order.includes('magnitudes') ? 'magnitudes' : undefined;
}

function byName({ source: { columns }, spec, choice, picked }: Choosing): Suggested {
  const names = columns.map(({ name }) => name);
  const said = new Map(choice === undefined || isInOrder(choice) ? [] : Object.entries(choice));
  // What was said stays, where the file has it.
  const isThere = (name: string) => name === UNREAD_COLUMN || columnsNamed(columns, name).length === 1;
  const saidOf = (...whats: string[]) => whats.flatMap((what) => said.get(what) ?? []).find(isThere);
  const image = picked.get('image') ?? saidOf('image', 'images') ?? likelyImage(columns);
  const truths = columns.filter(({ name }) => isTruthName(name, spec, names));
  const ids = columns.filter(({ name }) => isIdName(name));
  // One that is called so and can't be it would be found again, and refused again.
  const unread = (called: readonly SampleColumn[]) => (called.length > 0 ? UNREAD_COLUMN : undefined);
  const truth = saidOf(spec.truth, 'redshift') ?? truths.find(isScalar)?.name ?? unread(truths);
  const id = saidOf(ID_COLUMN) ?? ids.find(isName)?.name ?? unread(ids);
  const known = (feature: string) =>
    picked.get(feature) ?? saidOf(feature) ?? columns.find(({ name }) => ownName(name) === feature)?.name;
  const features = featuresOf(columns, spec, known, [truth, id]);
  const rest = [
    [spec.truth, truth],
    [ID_COLUMN, id],
    ['layout', said.get('layout')],
    ['bands', said.get('bands')],
  ].filter((pair): pair is [string, string] => pair[1] !== undefined);
  const pairs = [['image', image ?? '<image>'], ...features.pairs, ...rest];
  return {
    missing: image === undefined ? 'image' : features.areThere ? undefined : 'magnitudes',
    typed: pairs.map(([what, column]) => `${what}=${column}`).join(','),
  };
}

function likelyImage(columns: readonly SampleColumn[]): string | undefined {
  const images = columns.filter(({ shape, type }) => type !== 'text' && shape.length === 3);
  return (images.find(({ name }) => isImageName(name)) ?? images[0])?.name;
}

/** Whether a column has a name for each galaxy. */
function isName({ type, shape }: SampleColumn): boolean {
  return isOneEach(shape) && !type.startsWith('float') && type !== 'bool';
}

/** All features in one column, or a likely column for each, and whether there are enough for them. */
function featuresOf(
  columns: readonly SampleColumn[],
  { features }: ModelSpec,
  known: (feature: string) => string | undefined,
  others: readonly (string | undefined)[],
): { readonly pairs: readonly (readonly [string, string])[]; readonly areThere: boolean } {
  if (features.length === 0) return { pairs: [], areThere: true };
  const vectors = columns.filter(
    ({ shape, type }) => type !== 'text' && shape.length === 1 && shape[0] === features.length,
  );
  const vector = vectors.find(({ name }) => isFeaturesName(name)) ?? vectors[0];
  if (vector !== undefined) return { pairs: [['magnitudes', vector.name]], areThere: true };
  const taken = new Set([...others, ...features.map(known)]);
  const free = columns.filter((column) => isScalar(column) && !taken.has(column.name));
  let missing = 0;
  const pairs = features.map((feature) => {
    const like = known(feature) ?? likeFeature(feature, free)?.name;
    if (like === undefined) missing++;
    return [feature, like ?? `<${feature}>`] as const;
  });
  const used = new Set(pairs.map(([, column]) => column));
  return { pairs, areThere: missing <= free.filter(({ name }) => !used.has(name)).length };
}

/** What can be left out with. */
export function withoutIt(what: string): string {
  return `Leave it out with --columns ${what}=${UNREAD_COLUMN}, or say which it is.`;
}
