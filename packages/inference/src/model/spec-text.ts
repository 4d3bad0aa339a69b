import { modelSpecSchema, once, parseAs, UserInputError, type ModelSpec } from '@cosmicai/payload';

/** Few models come with such a file. */
const loadYaml = once(() => import('./yaml.ts'));

/** A grid of 4,096 bins takes 100 kB. */
export const LARGEST_SPEC = 2 ** 20;

/** What a file says of a model. */
export interface ReadSpec {
  /** As it is written there. */
  readonly said: unknown;
  readonly spec: ModelSpec;
}

/**
 * Reads a spec in YAML or JSON.
 *
 * @param what name of the text in messages, such as its file's
 * @throws UserInputError when it is neither, InvalidInputError when it is no spec; both name the line
 */
export async function readSpecText(bytes: Uint8Array, what: string): Promise<ReadSpec> {
  if (bytes.length > LARGEST_SPEC)
    throw new UserInputError(
      `${what} can't be a model spec: it has ${bytes.length} bytes, and a spec ${LARGEST_SPEC} at most.`,
    );
  const { readYaml } = await loadYaml();
  const read = readYaml(utf8(bytes, what));
  if ('fault' in read) throw new UserInputError(`${what} is not valid YAML or JSON: line ${read.line} ${read.fault}.`);
  return { said: read.value, spec: parseAs(modelSpecSchema, read.value, what, read.lineOf) };
}

/** Whether a text is meant as a spec, rather than one of the many other files in YAML that lie beside models. */
export async function isMeantAsSpec(bytes: Uint8Array): Promise<boolean> {
  if (bytes.length > LARGEST_SPEC) return false;
  const { readYaml } = await loadYaml();
  const read = readYaml(Buffer.from(bytes).toString());
  return 'value' in read && hasInputs(read.value);
}

function hasInputs(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('inputs' in value)) return false;
  const { inputs } = value;
  return typeof inputs === 'object' && inputs !== null && ('image' in inputs || 'features' in inputs);
}

function utf8(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UserInputError(`${what} is no text in UTF-8: save it as such, in YAML or JSON.`, { cause: error });
  }
}
