import { createHash } from 'node:crypto';
import { UserInputError } from '@cosmicai/payload';
import type { ByteSource, TorchFileOptions } from '@cosmicai/torchfile';
import { densityAssumption } from './import/assumptions.ts';
import { compileAstroMae, type CompileOptions } from './compile.ts';
import { importCheckpoint, type ImportedCheckpoint } from './import/import-checkpoint.ts';
import type { StateDictHints } from './import/state-dict-config.ts';
import { describeSample, type SampleNames } from './spec.ts';

export interface CompiledCheckpoint extends Omit<ImportedCheckpoint, 'weights'> {
  /** Bytes of the ONNX file. */
  readonly model: Uint8Array;
}

/** Bytes read at once for the checksum. */
const CHUNK = 8 * 1024 * 1024;

/**
 * From a checkpoint to an ONNX file in one step. The file's provenance names the checkpoint, its sha-256, how it was saved
 * and what was assumed; further entries come from `options.metadata`. A network of other bands, pixels, features or answers than the
 * published one says so in its spec.
 *
 * @throws as importCheckpoint does
 */
export async function compileCheckpoint(
  source: ByteSource,
  options: CompileOptions & StateDictHints & SampleNames & Pick<TorchFileOptions, 'checkCrc'> = {},
): Promise<CompiledCheckpoint> {
  const {
    heads,
    normEpsilon,
    prefix: wanted,
    bands,
    features,
    grid,
    sigma,
    image,
    truth,
    metadata,
    checkCrc = true,
    ...compileOptions
  } = options;
  const { weights, prefix, form, unchecked, ...imported } = await importCheckpoint(
    source,
    { heads, normEpsilon, prefix: wanted },
    { checkCrc },
  );
  const { config, ...found } = sigma === undefined ? imported : withUncertainty(source.name, imported);
  const sample = describeSample(source.name, config, { bands, features, grid, sigma, image, truth });
  const assumptions = [...found.assumptions, ...sample.assumptions];
  const provenance = {
    checkpoint: source.name.slice(source.name.lastIndexOf('/') + 1),
    checkpoint_sha256: await sha256(source),
    checkpoint_form: form,
    ...(form === 'module' || prefix === '' ? {} : { checkpoint_prefix: prefix }),
    ...(assumptions.length > 0 ? { assumptions: assumptions.join('; ') } : {}),
    ...metadata,
  };
  return {
    model: compileAstroMae(config, weights, { ...compileOptions, metadata: provenance, sample: sample.metadata }),
    config,
    prefix,
    form,
    assumptions,
    unchecked,
  };
}

/** Of a head whose two outputs are a redshift and how far off it may be, not two bins. */
function withUncertainty(
  file: string,
  { config, assumptions }: Pick<ImportedCheckpoint, 'config' | 'assumptions'>,
): Pick<ImportedCheckpoint, 'config' | 'assumptions'> {
  if (config.answer !== 'density') return { config, assumptions };
  const { outputs = 1 } = config;
  if (outputs !== 2) {
    throw new UserInputError(
      `${file}: an uncertainty was named (--sigma), which needs a head of 2 outputs; it has ${outputs}`,
    );
  }
  const softmax = densityAssumption(config);
  // Without it the module itself has a softmax, over what would be a redshift.
  if (!assumptions.includes(softmax)) {
    throw new UserInputError(`${file}: an uncertainty was named (--sigma), but its head ends in a softmax`);
  }
  return {
    config: { ...config, answer: 'uncertain' },
    assumptions: assumptions.map((assumption) =>
      assumption === softmax
        ? 'the first of the two outputs of the head is the redshift, the second its uncertainty'
        : assumption,
    ),
  };
}

async function sha256(source: ByteSource): Promise<string> {
  const hash = createHash('sha256');
  for (let start = 0; start < source.size; start += CHUNK) {
    hash.update(await source.read(start, Math.min(start + CHUNK, source.size)));
  }
  return hash.digest('hex');
}
