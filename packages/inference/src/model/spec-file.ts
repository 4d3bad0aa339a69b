import {
  ASTROMAE,
  hasEnding,
  MODEL_SPEC_KEY,
  modelStem,
  modelSpecSchema,
  parseJsonAs,
  UserInputError,
  type ModelSpec,
} from '@cosmicai/payload';
import type { FoundFile, ModelSource } from './model-source.ts';
import { isMeantAsSpec, LARGEST_SPEC, readSpecText } from './spec-text.ts';

/** What models that this system compiled have in their metadata: they need no file beside them. */
const COMPILED_KEY = 'cosmicai.architecture';

const ENDINGS = ['yaml', 'yml', 'json'];

/**
 * Names of the files beside a model, or beside a checkpoint, that say what it takes. It travels under the first.
 *
 * @param model file name of the model: `x.onnx`
 */
export function specFiles(model: string): readonly [string, ...string[]] {
  const base = modelStem(model);
  const [first = '', ...others] = (base === model ? [base] : [base, model]).flatMap((name) =>
    ENDINGS.map((ending) => `${name}.spec.${ending}`),
  );
  return [first, ...others];
}

/** Names that a spec may have beside a model, and many other files: only what is in them tells. */
function barePlaces(model: string): readonly string[] {
  const base = modelStem(model);
  return [`${base}.yaml`, `${base}.yml`];
}

/** What a model takes, and who says so. */
export interface FoundSpec {
  readonly spec: ModelSpec;
  /** The file beside the model that says it; undefined: its metadata, or nobody. */
  readonly file: FoundFile | undefined;
  /** Files that were looked for, with their versions: undefined where there is none. */
  readonly beside: readonly (readonly [name: string, version: string | undefined])[];
  /** One sentence for each file that might be thought to be the spec, and isn't. */
  readonly notes: readonly string[];
}

/**
 * What a model takes of a galaxy: what its metadata tell, else the file beside it, else what AstroMAE takes.
 *
 * @param metadata the model's own
 * @throws UserInputError when the file can't be read, or there are two; InvalidInputError when what is there is no spec
 */
export async function readSpec(source: ModelSource, metadata: ReadonlyMap<string, string>): Promise<FoundSpec> {
  const text = metadata.get(MODEL_SPEC_KEY);
  if (text !== undefined) {
    const spec = parseJsonAs(modelSpecSchema, text, `${MODEL_SPEC_KEY} in the metadata of ${source.label}`);
    return { spec, file: undefined, beside: [], notes: [] };
  }
  if (metadata.has(COMPILED_KEY)) return { spec: ASTROMAE, file: undefined, beside: [], notes: [] };
  return await specBeside(source, source.graph);
}

/**
 * The same by the files alone, without metadata.
 *
 * @param model file name of the model or checkpoint
 */
export async function specBeside(
  { label, find }: Pick<ModelSource, 'label' | 'find'>,
  model: string,
): Promise<FoundSpec> {
  const look = (names: readonly string[]) => Promise.all(names.map(async (name) => ({ name, file: await find(name) })));
  const [named, bare] = await Promise.all([
    look(specFiles(model)),
    // Beside a checkpoint it is the configuration of its training, more often than not.
    look(hasEnding(model, '.onnx') ? barePlaces(model) : []),
  ]);
  const specs = named.flatMap(({ file }) => file ?? []);
  const notes: string[] = [];
  for (const { file } of bare) {
    if (file === undefined) continue;
    if (file.size <= LARGEST_SPEC && (await isMeantAsSpec(await file.read()))) specs.push(file);
    else notes.push(notTaken(file, model));
  }
  const [file, another] = specs;
  if (file !== undefined && another !== undefined)
    throw new UserInputError(
      `${label} has more than one spec beside it: ${specs.map((spec) => spec.label).join(' and ')}. Keep one of them.`,
    );
  return {
    spec: file === undefined ? ASTROMAE : (await readSpecText(await file.read(), `the spec ${file.label}`)).spec,
    file,
    beside: [...named, ...bare].map(({ name, file: found }) => [name, found?.version]),
    // Where there is a spec, nobody takes another file for it.
    notes: file === undefined ? notes : [],
  };
}

function notTaken({ label }: FoundFile, model: string): string {
  const [travelling] = specFiles(model);
  return `${label} is not taken for the model's spec, as it has no inputs.image in it; a spec may be called ${travelling}, too, where what is wrong with it is told.`;
}
