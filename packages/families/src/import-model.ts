import { ASTROMAE, UserInputError } from '@cosmicai/payload';
import type { ByteSource } from '@cosmicai/store';
import { FAMILIES } from './families.ts';
import type { CompiledModel, ImportOptions, ModelFamily } from './family.ts';

/** What is said by saying nothing. */
const USUAL: Partial<Record<keyof ImportOptions, unknown>> = {
  fold: true,
  weightsType: 'fp32',
  truth: ASTROMAE.truth,
};

/** How users say it. */
const SAID_BY: Readonly<Record<Exclude<keyof ImportOptions, 'checkCrc'>, string>> = {
  heads: '--heads',
  normEpsilon: '--norm-epsilon',
  prefix: '--prefix',
  bands: '--bands, or a spec beside the checkpoint',
  features: '--features, or a spec beside the checkpoint',
  grid: '--grid, or a spec beside the checkpoint',
  sigma: '--sigma, or a spec beside the checkpoint',
  image: 'fit or scaling in a spec beside the checkpoint',
  truth: 'truth in a spec beside the checkpoint',
  fold: '--no-fold',
  weightsType: '--weights',
};

/**
 * Compiles a checkpoint by the family that it is of.
 *
 * @throws UserInputError of that family, where something doesn't fit; where no family recognises it, what each misses first
 */
export async function importModel(
  checkpoint: ByteSource,
  options: ImportOptions = {},
  families: readonly ModelFamily[] = FAMILIES,
): Promise<CompiledModel> {
  const own = await familyOf(checkpoint, families);
  if (own !== undefined) return compileBy(own, checkpoint, options);
  const misses: { readonly family: string; readonly error: UserInputError }[] = [];
  for (const family of families) {
    try {
      return await compileBy(family, checkpoint, options);
    } catch (error) {
      if (!(error instanceof UserInputError)) throw error;
      misses.push({ family: family.name, error });
    }
  }
  const [first, ...more] = misses;
  // What is wrong with the file itself, all say alike.
  if (first !== undefined && more.every(({ error }) => error.message === first.error.message)) throw first.error;
  const named = `${checkpoint.name}: `;
  const lines = misses.map(({ family, error: { message } }) => {
    return `\n- ${family}: ${message.startsWith(named) ? message.slice(named.length) : message}`;
  });
  throw new UserInputError(
    `${named}this checkpoint is of no family of models that is compiled here. What each misses first:${lines.join('')}\n` +
      'A network that can be exported to ONNX runs without being compiled (docs/models.md).',
  );
}

async function familyOf(checkpoint: ByteSource, families: readonly ModelFamily[]): Promise<ModelFamily | undefined> {
  for (const family of families) {
    try {
      if (await family.recognises(checkpoint)) return family;
    } catch (error) {
      // A file of another kind than its own; compiling says what is wrong with it.
      if (!(error instanceof UserInputError)) throw error;
    }
  }
  return undefined;
}

function compileBy(family: ModelFamily, checkpoint: ByteSource, options: ImportOptions): Promise<CompiledModel> {
  for (const name of Object.keys(SAID_BY) as (keyof typeof SAID_BY)[]) {
    if (!isUsual(name, options[name]) && !family.heeds.includes(name)) {
      throw new UserInputError(
        `${checkpoint.name}: checkpoints of ${family.name} take no ${name} (${SAID_BY[name]}); leave that out`,
      );
    }
  }
  return family.compile(checkpoint, options);
}

function isUsual(name: keyof ImportOptions, value: unknown): boolean {
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return value === undefined || isEmpty || value === USUAL[name];
}
