import {
  UNREAD_COLUMN,
  type ColumnChoice,
  type ColumnNames,
  type ModelSpec,
  type TakenColumn,
} from '@cosmicai/payload';
import { ID_COLUMN, type SampleColumn, type SampleSource } from '../source.ts';
import { describeColumn, expectedImage, isOneEach, isScalar } from './describe.ts';
import { imageLayout, orderOf, type ImageLayout } from './layout.ts';
import { keptColumn, type KeptColumn } from './kept.ts';
import { columnsNamed, isFeaturesName, isIdName, isImageName, isTruthName, ownName, whyUnfit } from './names.ts';
import { Refusals } from './refusals.ts';
import { saidColumns } from './said.ts';
import { withoutIt } from './suggest.ts';

/** The columns that a model takes of a source, fit for it. */
export interface ChosenColumns {
  readonly image: { readonly column: SampleColumn; readonly layout: ImageLayout };
  readonly features:
    | { readonly column: SampleColumn; readonly order: readonly number[] | undefined }
    | { readonly columns: readonly SampleColumn[] };
  readonly truth: SampleColumn | undefined;
  readonly id: SampleColumn | undefined;
  /** As they were asked for, under the names by which they were. */
  readonly kept: readonly KeptColumn[];
  readonly taken: readonly TakenColumn[];
}

type Found = TakenColumn['found'];
interface Candidate {
  readonly column: SampleColumn;
  readonly found: Found;
}

interface ChosenFeatures {
  readonly chosen: ChosenColumns['features'];
  readonly taken: readonly TakenColumn[];
}

/**
 * Finds in a source what a model takes: what was said, and what is told by the columns' names where only one fits.
 *
 * @throws UnusableFileError that says what is missing or could be either of two, what is there, and what to type
 */
export function chooseColumns(
  source: SampleSource,
  spec: ModelSpec,
  choice: ColumnChoice | undefined,
  keep: readonly string[] = [],
): ChosenColumns {
  return new Chooser(source, spec, choice).choose(keep);
}

class Chooser {
  readonly #source: SampleSource;
  readonly #spec: ModelSpec;
  readonly #refusals: Refusals;
  readonly #said: ColumnNames;
  readonly #byPlace: boolean;
  readonly #inUsualOrder: boolean;
  readonly #picked = new Map<string, string>();
  readonly #names: readonly string[];

  constructor(source: SampleSource, spec: ModelSpec, choice: ColumnChoice | undefined) {
    this.#source = source;
    this.#spec = spec;
    this.#names = source.columns.map(({ name }) => name);
    this.#refusals = new Refusals({ source, spec, choice, picked: this.#picked });
    const { names, byPlace, inUsualOrder } = saidColumns(source, spec, choice, this.#refusals);
    this.#said = names;
    this.#byPlace = byPlace;
    this.#inUsualOrder = inUsualOrder;
  }

  choose(keep: readonly string[]): ChosenColumns {
    const image = this.#image();
    const features = this.#features();
    const truth = this.#single(this.#spec.truth, (name) => isTruthName(name, this.#spec, this.#names), 'numbers');
    const id = this.#single(ID_COLUMN, isIdName, 'whole numbers or text');
    const layout = this.#layoutOf(image.column);
    const taken: TakenColumn[] = [
      { what: 'image', column: image.column.name, found: image.found, ...this.#noteOf(layout) },
      ...features.taken,
      ...[[this.#spec.truth, truth] as const, [ID_COLUMN, id] as const].flatMap(([what, pick]) =>
        pick === undefined ? [] : [{ what, column: pick.column.name, found: pick.found }],
      ),
    ];
    return {
      image: { column: image.column, layout },
      features: features.chosen,
      truth: truth?.column,
      id: id?.column,
      kept: keep.map((name) => keptColumn(this.#source, this.#spec, name, this.#refusals)),
      taken,
    };
  }

  #image(): Candidate {
    const { columns } = this.#source;
    const said = this.#saidColumn('image');
    if (said !== undefined) return this.#take('image', said);
    const withParts = columns.filter(
      (column) => column.shape.length === 3 && orderOf(column.parts, this.#spec.image.bands) !== undefined,
    );
    const named = columns.filter(({ name }) => isImageName(name));
    const shaped = columns.filter(({ shape, type }) => shape.length === 3 && type !== 'text');
    const best = [withParts, named, shaped].find((candidates) => candidates.length > 0) ?? [];
    // Of several that are made of the bands one may have a usual name.
    const both = withParts.filter((column) => named.includes(column));
    const [pick, ...others] = both.length === 1 ? both : best;
    if (pick === undefined) {
      this.#refuseUnfit('image', isImageName);
      throw this.#refusals.refuse(`no column is the image, ${expectedImage(this.#spec)}`);
    }
    if (others.length > 0) throw this.#refusals.ambiguous('image', [pick, ...others]);
    return this.#take('image', {
      column: pick,
      found: named.includes(pick) ? 'name' : withParts.includes(pick) ? 'parts' : 'only',
    });
  }

  #layoutOf(column: SampleColumn): ImageLayout {
    const { layout, bands } = this.#said;
    const answer = imageLayout(column, this.#spec.image, {
      ...(layout !== undefined && { layout: layout === 'NHWC' ? 'NHWC' : 'NCHW' }),
      ...(bands !== undefined && { bands: bands.split('/') }),
    });
    if (typeof answer !== 'string') return answer;
    throw this.#refusals.misfit(
      `column ${describeColumn(column)} is not what the model takes, ${expectedImage(this.#spec)}: ${answer}`,
    );
  }

  #noteOf({ channelsLast, unnamedBands, order, crop, square }: ImageLayout): { readonly note?: string } {
    const { bands, side } = this.#spec.image;
    const notes = [
      ...(channelsLast ? ['channels last'] : []),
      ...(crop === 0 ? [] : [`the central ${side} x ${side} pixels`]),
      ...(square === side ? [] : [`resized from ${square} x ${square} to ${side} x ${side} pixels`]),
      ...(unnamedBands ? [`bands taken to be ${bands.join(', ')}`] : []),
      ...(order === undefined ? [] : [`bands put into the order ${bands.join(', ')}`]),
    ];
    return notes.length === 0 ? {} : { note: notes.join('; ') };
  }

  #features(): ChosenFeatures {
    const { features } = this.#spec;
    const { columns } = this.#source;
    if (features.length === 0) {
      // What lies at the place of magnitudes is left alone.
      if (!this.#byPlace && this.#saidColumn('magnitudes') !== undefined)
        throw this.#refusals.refuse('the columns say what magnitudes are, and the model takes images alone');
      return { chosen: { columns: [] }, taken: [] };
    }
    const free = columns.filter((column) => !this.#isPicked(column));
    const saidSome = features.some((feature) => Object.hasOwn(this.#said, feature));
    const said = this.#saidColumn('magnitudes');
    if (said !== undefined && saidSome)
      throw this.#refusals.refuse('the columns say both what magnitudes are and what single features are');
    const scalars = features.map((feature) =>
      free.find((column) => ownName(column.name) === feature && isScalar(column)),
    );
    const vectors =
      said !== undefined || saidSome
        ? []
        : free.filter(
            (column) =>
              column.shape.length === 1 &&
              (orderOf(column.parts, features) !== undefined || isFeaturesName(column.name)),
          );
    const isEach =
      !vectors.length && said === undefined && (saidSome || scalars.every((column) => column !== undefined));
    if (isEach) return this.#eachFeature();
    const each = scalars.filter((column) => column !== undefined);
    if (vectors.length > 0 && each.length === features.length)
      throw this.#refusals.ambiguous('magnitudes', [...vectors, ...each]);
    const [vector, ...others] = vectors;
    if (others.length > 0) throw this.#refusals.ambiguous('magnitudes', vectors);
    const pick =
      said ?? (vector && ({ column: vector, found: isFeaturesName(vector.name) ? 'name' : 'parts' } as const));
    if (pick === undefined) {
      this.#refuseUnfit('magnitudes', isFeaturesName);
      const missing = features.filter((_, place) => scalars[place] === undefined);
      throw this.#refusals.refuse(
        `no column is ${missing.join(', ')}, and none is the magnitudes, [${features.length}]`,
      );
    }
    const { column } = this.#take('magnitudes', pick);
    const order = column.parts === undefined ? undefined : orderOf(column.parts, features);
    const isFit =
      column.type !== 'text' &&
      column.shape.length === 1 &&
      (column.parts === undefined ? column.shape[0] === features.length : order !== undefined);
    if (!isFit) {
      const expected = `the magnitudes, [${features.length}]: ${features.join(', ')}`;
      throw this.#refusals.misfit(`column ${describeColumn(column)} is not what the model takes, ${expected}`);
    }
    const taken = [{ what: 'magnitudes', column: column.name, found: pick.found }];
    return {
      chosen: {
        column,
        order: order?.every((from, to) => from === to) && order.length === column.shape[0] ? undefined : order,
      },
      taken,
    };
  }

  #eachFeature(): ChosenFeatures {
    const picks = this.#spec.features.map((feature) => {
      const [named, ...others] = this.#source.columns.filter(({ name }) => ownName(name) === feature);
      const said = this.#saidColumn(feature);
      if (said === undefined && named !== undefined && others.length > 0)
        throw this.#refusals.ambiguous(feature, [named, ...others]);
      const pick = said ?? (named && ({ column: named, found: 'name' } as const));
      if (pick === undefined) throw this.#refusals.refuse(`no column is ${feature}`);
      if (!isScalar(pick.column))
        throw this.#refusals.misfit(
          `column ${describeColumn(pick.column)} is not one number for each galaxy, as ${feature} is`,
        );
      return { what: feature, ...this.#take(feature, pick) };
    });
    return {
      chosen: { columns: picks.map(({ column }) => column) },
      taken: picks.map(({ what, column, found }) => ({ what, column: column.name, found })),
    };
  }

  /** The truth, or the names of the objects. */
  #single(what: string, isUsual: (name: string) => boolean, expected: string): Candidate | undefined {
    if (this.#said[what] === UNREAD_COLUMN) return undefined;
    const isId = what === ID_COLUMN;
    const said = this.#saidColumn(what);
    const usual = this.#source.columns.filter((column) => isUsual(column.name) && !this.#isPicked(column));
    // The model's own name for it leaves no doubt.
    const own = usual.filter(({ name }) => ownName(name) === what);
    const candidates = own.length > 0 && !isId ? own : usual;
    if (said === undefined && candidates.length > 1) throw this.#refusals.ambiguous(what, candidates);
    const [column] = candidates;
    const pick = said ?? (column && ({ column, found: 'name' } as const));
    if (pick === undefined) {
      this.#refuseUnfit(what, isUsual);
      return undefined;
    }
    const { type, shape } = pick.column;
    const isRight = isId ? !type.startsWith('float') && type !== 'bool' : type !== 'text' && type !== 'bool';
    if (this.#inUsualOrder && !isId && !type.startsWith('float')) {
      throw this.#refusals.refuse(
        `column ${describeColumn(pick.column)} is of whole numbers, which could be names or classes`,
      );
    }
    if (!isRight || !isOneEach(shape)) {
      const way = said === undefined ? ` ${withoutIt(what)}` : '';
      throw this.#refusals.refuse(
        `column ${describeColumn(pick.column)} can’t be the ${what}: expected ${expected}, one for each galaxy.${way}`,
      );
    }
    return this.#take(what, pick);
  }

  #saidColumn(what: string): Candidate | undefined {
    const name = Object.hasOwn(this.#said, what) ? this.#said[what] : undefined;
    if (name === undefined || name === UNREAD_COLUMN) return undefined;
    const [column, ...others] = columnsNamed(this.#source.columns, name);
    const why = whyUnfit(this.#source, name);
    if (column !== undefined && others.length > 0) throw this.#refusals.ambiguous(what, [column, ...others]);
    if (column !== undefined) return { column, found: this.#byPlace ? 'place' : 'said' };
    throw this.#refusals.refuse(
      why === undefined ? `there is no column ${name}` : `${name}, which is to be the ${what}, ${why}`,
    );
  }

  #take<Picked extends Candidate>(what: string, pick: Picked): Picked {
    this.#picked.set(what, pick.column.name);
    return pick;
  }

  #isPicked({ name }: SampleColumn): boolean {
    if ([...this.#picked.values()].includes(name)) return true;
    return Object.values(this.#said).some((said) =>
      columnsNamed(this.#source.columns, said).some((column) => column.name === name),
    );
  }

  /** That it is in the file, though of no use, must not pass for that it isn't. */
  #refuseUnfit(what: string, isUsual: (name: string) => boolean): void {
    const [name, why] = [...(this.#source.unfit ?? [])].find(([candidate]) => isUsual(candidate)) ?? [];
    if (name !== undefined && this.#said[what] !== UNREAD_COLUMN)
      throw this.#refusals.refuse(`${name}, which would be the ${what}, ${why}`);
  }
}
