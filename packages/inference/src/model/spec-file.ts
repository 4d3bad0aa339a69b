import {
  ASTROMAE,
  MODEL_SPEC_KEY,
  modelSpecSchema,
  once,
  parseAs,
  parseJsonAs,
  UserInputError,
  type ModelSpec,
} from '@cosmicai/payload';
import type { FoundFile, ModelSource } from './model-source.ts';

/** Few models come with such a file. */
const loadYaml = once(() => import('./yaml.ts'));

/** What models that this system compiled have in their metadata: they need no file beside them. */
const COMPILED_KEY = 'cosmicai.architecture';

/** Names of the files beside a model that may say what it takes, the first that is there counts; it travels under the first name. */
export function specFiles(graph: string): readonly [string, ...string[]] {
  const base = graph.replace(/\.onnx$/, '');
  return [`${base}.spec.yaml`, `${base}.spec.json`, `${base}.yaml`];
}

/** What a model takes, and who says so. */
export interface FoundSpec {
  readonly spec: ModelSpec;
  /** The file beside the model that says it; undefined: its metadata, or nobody. */
  readonly file: FoundFile | undefined;
  /** Files that were looked for, with their versions: undefined where there is none. */
  readonly beside: readonly (readonly [name: string, version: string | undefined])[];
}

/**
 * What a model takes of a galaxy: what its metadata tell, else the file beside it, else what AstroMAE takes.
 *
 * @param metadata the model's own
 * @throws UserInputError when the file can't be read, InvalidInputError when what is there is no spec
 */
export async function readSpec(source: ModelSource, metadata: ReadonlyMap<string, string>): Promise<FoundSpec> {
  const text = metadata.get(MODEL_SPEC_KEY);
  if (text !== undefined) {
    const spec = parseJsonAs(modelSpecSchema, text, `${MODEL_SPEC_KEY} in the metadata of ${source.label}`);
    return { spec, file: undefined, beside: [] };
  }
  const beside: [string, string | undefined][] = [];
  for (const name of metadata.has(COMPILED_KEY) ? [] : specFiles(source.graph)) {
    const file = await source.find(name);
    beside.push([name, file?.version]);
    if (file === undefined) continue;
    const said = await parsedYaml(Buffer.from(await file.read()).toString(), file.label);
    return { spec: parseAs(modelSpecSchema, said, `the spec ${file.label}`), file, beside };
  }
  return { spec: ASTROMAE, file: undefined, beside };
}

/** What a text says in YAML, of which JSON is a part. @throws UserInputError */
export async function parsedYaml(text: string, what: string): Promise<unknown> {
  const { parse } = await loadYaml();
  try {
    return parse(text, { maxAliasCount: 0 });
  } catch (error) {
    const [reason = ''] = (error as Error).message.split('\n');
    throw new UserInputError(`${what} is not valid YAML or JSON: ${reason}`, { cause: error });
  }
}
